import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { request } from 'node:https';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { issue } from '../auth/certificates.ts';
import { refs } from '../client/refs.ts';
import { startTestServer, testToken, type TestServer } from './testing/server.ts';

let server: TestServer;
const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: object = { a: 'b' }): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

beforeAll(async () => {
  server = await startTestServer();
  await server.client.resource(refs.namespaces).create('', { metadata: { name: 'default' }, spec: {} });
});
afterAll(() => server.stop());

describe('verbs', () => {
  test('create, get, update, patch, delete', async () => {
    const created = await server.ask(configMaps, { method: 'POST', body: configMap('verbs') });
    expect(created.code).toBe(201);
    expect(created.body).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'verbs', namespace: 'default' },
      data: { a: 'b' },
    });
    expect(created.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.headers['cache-control']).toBe('no-cache, private');
    const got = await server.ask(`${configMaps}/verbs`);
    expect(got.body).toEqual(created.body);
    const replaced = await server.ask(`${configMaps}/verbs`, { method: 'PUT', body: { ...got.body, data: { c: 'd' } } });
    expect(replaced).toMatchObject({ code: 200, body: { data: { c: 'd' } } });
    const stale = await server.ask(`${configMaps}/verbs`, { method: 'PUT', body: got.body });
    expect(stale).toMatchObject({ code: 409, body: { kind: 'Status', reason: 'Conflict' } });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const patched = await server.ask(`${configMaps}/verbs`, { method: 'PATCH', headers, body: { data: { e: 'f', c: null } } });
    expect(patched).toMatchObject({ code: 200, body: { kind: 'ConfigMap', data: { e: 'f' } } });
    const deleted = await server.ask(`${configMaps}/verbs`, { method: 'DELETE' });
    expect(deleted.body).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'verbs', kind: 'configmaps' } });
    const gone = await server.ask(`${configMaps}/verbs`);
    expect(gone.body).toMatchObject({ message: 'configmaps "verbs" not found', reason: 'NotFound', code: 404 });
  });

  test('lists join what is stored', async () => {
    for (const name of ['l1', 'l2', 'l3'])
      await server.ask(configMaps, { method: 'POST', body: { ...configMap(name), metadata: { name, labels: { set: 'list' } } } });
    const list = await server.ask(`${configMaps}?labelSelector=set%3Dlist`);
    expect(list.body).toMatchObject({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      items: [{ metadata: { name: 'l1' } }, { metadata: { name: 'l2' } }, { metadata: { name: 'l3' } }],
    });
    const page = await server.ask(`${configMaps}?limit=1`);
    const token = (page.body as { metadata: { continue: string } }).metadata.continue;
    const next = await server.ask(`${configMaps}?limit=1&continue=${token}`);
    expect(next.body).toMatchObject({ items: [{ metadata: { name: 'l2' } }] });
    const named = await server.ask(`${configMaps}?fieldSelector=metadata.name%3Dl2`);
    expect((named.body as { items: unknown[] }).items).toHaveLength(1);
    const removed = await server.ask(`${configMaps}?labelSelector=set%3Dlist`, { method: 'DELETE' });
    expect((removed.body as { items: unknown[] }).items).toHaveLength(3);
  });

  test('dry run leaves nothing behind', async () => {
    expect((await server.ask(`${configMaps}?dryRun=All`, { method: 'POST', body: configMap('dry') })).code).toBe(201);
    expect((await server.ask(`${configMaps}/dry`)).code).toBe(404);
    const bad = await server.ask(`${configMaps}?dryRun=Some`, { method: 'POST', body: configMap('dry') });
    expect(bad).toMatchObject({
      code: 422,
      body: { message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"' },
    });
  });

  test('big answers are compressed for those who can read it', async () => {
    await server.ask(configMaps, { method: 'POST', body: configMap('big', { a: 'x'.repeat(200_000) }) });
    const packed = await server.open(`${configMaps}/big`, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(await buffer(packed)).toString())).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'big' } });
    expect((await server.ask(`${configMaps}/big`)).headers['content-encoding']).toBeUndefined();
  });
});

describe('forms', () => {
  test('tables', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const table = await server.ask('/api/v1/namespaces', { headers: { accept } });
    expect(table.body).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      rows: [{ object: { kind: 'PartialObjectMetadata', metadata: { name: 'default' } } }],
    });
    const none = await server.ask('/api/v1/namespaces/default?includeObject=None', { headers: { accept } });
    expect(none.body).toMatchObject({ rows: [{ object: null }] });
  });

  test('what is answered but not kept has no table', async () => {
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const post = (accept: string): ReturnType<TestServer['ask']> => server.ask(path, { method: 'POST', body, headers: { accept } });
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(await post(table)).toMatchObject({ code: 406, body: { reason: 'NotAcceptable' } });
    expect(await post(`${table},application/json`)).toMatchObject({ code: 201, body: { kind: 'SelfSubjectReview' } });
  });

  test('metadata only, YAML, pretty', async () => {
    const partial = await server.ask('/api/v1/namespaces', {
      headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' },
    });
    expect(partial.body).toMatchObject({
      kind: 'PartialObjectMetadataList',
      items: [{ kind: 'PartialObjectMetadata', metadata: { name: 'default' } }],
    });
    const yaml = await server.ask('/api/v1/namespaces/default', { headers: { accept: 'application/yaml' } });
    expect(yaml.text).toContain('kind: Namespace\n');
    const pretty = await server.ask('/api/v1/namespaces/default', { headers: { 'user-agent': 'curl/8' } });
    expect(pretty.text).toContain('{\n  "kind": "Namespace"');
  });

  test('what cannot be made or read is refused', async () => {
    expect(await server.ask('/api/v1/namespaces', { headers: { accept: 'text/html' } })).toMatchObject({
      code: 406,
      body: { reason: 'NotAcceptable' },
    });
    const cbor = await server.ask(configMaps, { method: 'POST', headers: { 'content-type': 'application/cbor' }, body: 'x' });
    expect(cbor).toMatchObject({ code: 415, body: { reason: 'UnsupportedMediaType' } });
    const wrong = await server.ask(configMaps, { method: 'POST', body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } } });
    expect(wrong).toMatchObject({
      code: 400,
      body: { message: expect.stringContaining('Secret in version "v1" cannot be handled as a ConfigMap') },
    });
    const unknown = await server.ask(configMaps, {
      method: 'POST',
      body: { apiVersion: 'x.example.com/v1', kind: 'Y', metadata: { name: 'x' } },
    });
    const scheme = 'in scheme "pkg/runtime/scheme.go:111"';
    expect(unknown.body).toMatchObject({
      message: `Y in version "v1" cannot be handled as a ConfigMap: no kind "Y" is registered for version "x.example.com/v1" ${scheme}`,
    });
    const array = await server.ask(configMaps, { method: 'POST', body: '[]' });
    expect(array.body).toMatchObject({ message: expect.stringMatching(/^the object provided is unrecognized .* \(5b5d\)$/) });
    const field = await server.ask(`${configMaps}?fieldSelector=a%3Db`);
    expect(field).toMatchObject({
      code: 400,
      body: { message: '"a" is not a known field selector: only "metadata.name", "metadata.namespace"' },
    });
    const large = await server.ask(configMaps, { method: 'POST', body: 'x'.repeat(3 * 1024 * 1024 + 1) });
    expect(large).toMatchObject({ code: 413, body: { message: 'Request entity too large: limit is 3145728' } });
  });

  test('a patch cannot make another kind of an object', async () => {
    await server.ask(configMaps, { method: 'POST', body: configMap('kinds') });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const answer = await server.ask(`${configMaps}/kinds`, { method: 'PATCH', headers, body: { kind: 'Event' } });
    expect(answer).toMatchObject({ code: 422, body: { message: expect.stringContaining('converting (v1.Event) to (core.ConfigMap)') } });
    const asSecret = await server.ask(`${configMaps}/kinds`, { method: 'PATCH', headers, body: { kind: 'Secret' } });
    expect(asSecret).toMatchObject({ code: 422, body: { message: expect.stringContaining('illegal base64 data at input byte 0') } });
    expect((answer.body as { details: object }).details).not.toHaveProperty('kind');
  });

  test('the status of resource claims has no table', async () => {
    const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
    await server.ask(claims, { method: 'POST', body: { metadata: { name: 'c' }, spec: {} } });
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    expect(await server.ask(`${claims}/c/status`, { headers })).toMatchObject({ code: 406 });
    expect(await server.ask(`${claims}/c`, { headers })).toMatchObject({ code: 200, body: { kind: 'Table' } });
  });

  test('deprecated resources warn', async () => {
    const { headers } = await server.ask('/api/v1/namespaces/default/endpoints');
    expect(headers.warning).toBe('299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"');
    const refused = await server.ask('/api/v1/namespaces/default/endpoints', {
      headers: { accept: 'application/json;as=Table;v=v9;g=meta.k8s.io' },
    });
    expect(refused).toMatchObject({ code: 406, headers: { warning: headers.warning } });
  });

  test('unknown fields: strict refuses, warn warns', async () => {
    const body = { ...configMap('strict'), nonsense: 1 };
    const strict = await server.ask(`${configMaps}?fieldValidation=Strict`, { method: 'POST', body });
    expect(strict).toMatchObject({
      code: 400,
      body: { message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "nonsense"' },
    });
    const warned = await server.ask(`${configMaps}?dryRun=All`, { method: 'POST', body });
    expect(warned).toMatchObject({ code: 201, headers: { warning: '299 - "unknown field \\"nonsense\\""' } });
  });
});

describe('who and whither', () => {
  test('nobody sees only health and version', async () => {
    const list = await server.ask('/api/v1/pods', { token: null });
    expect(list.body).toMatchObject({
      code: 403,
      message: 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    });
    expect((await server.ask('/api', { token: null })).body).toMatchObject({
      message: 'forbidden: User "system:anonymous" cannot get path "/api"',
    });
    expect((await server.ask('/readyz', { token: null })).text).toBe('ok');
    expect((await server.ask('/version', { token: null })).body).toMatchObject({ major: '1', minor: '36', gitVersion: 'v1.36.3+coracle' });
    expect(await server.ask('/api/v1/pods', { token: 'wrong' })).toMatchObject({
      code: 401,
      body: { message: 'Unauthorized', reason: 'Unauthorized' },
    });
  });

  test('certificates and impersonation', async () => {
    const clientCertificate = await issue(
      server.ca,
      { commonName: 'jane', organizations: ['dev', 'ops'], usage: 'client', days: 1 },
      Date.now(),
    );
    const body = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const jane = await server.ask(path, { method: 'POST', body, token: null, clientCertificate });
    expect(jane.body).toMatchObject({ status: { userInfo: { username: 'jane', groups: ['dev', 'ops', 'system:authenticated'] } } });
    const bob = await server.ask(path, { method: 'POST', body, headers: { 'impersonate-user': 'bob', 'impersonate-group': ['a', 'b'] } });
    expect(bob.body).toMatchObject({ status: { userInfo: { username: 'bob', groups: ['a', 'b', 'system:authenticated'] } } });
  });

  test('the keys of tokens are where pods can reach them', async () => {
    const { body } = await server.ask('/.well-known/openid-configuration');
    const issuer = 'https://kubernetes.default.svc.cluster.local';
    expect(body).toMatchObject({ issuer, jwks_uri: `${issuer}/openid/v1/jwks` });
  });

  test('what is not there', async () => {
    const missing = { code: 404, body: { message: 'the server could not find the requested resource', details: {}, code: 404 } };
    for (const path of ['/api/v1/nonsense', '/api/v1//pods', '/api/v2', '/apis/apps/v9', '/apis/apps/v9/deployments'])
      expect(await server.ask(path)).toMatchObject(missing);
    const plain = { code: 404, text: '404 page not found\n' };
    const elsewhere = ['/nonsense', '//api/v1/pods', '/healthz/', '/metrics/', '/apis//apps/v1/deployments'];
    for (const path of [...elsewhere, '/apis/none.example.com/v1', '/apis/none.example.com/v1/foos'])
      expect(await server.ask(path)).toMatchObject(plain);
    expect(await server.ask('/api/v1/namespaces/default/nodes')).toMatchObject({ code: 404 });
    const unnamed = { code: 400, body: { message: `Name parameter invalid: "..": may not be '..'` } };
    expect(await server.ask('/api/v1/namespaces/default/configmaps/%2e%2e')).toMatchObject(unnamed);
    expect(await server.ask('/api/v1/pods', { method: 'POST', body: {} })).toMatchObject({ code: 405 });
    expect(await server.ask('/api/v1/namespaces/default/pods', { method: 'PUT', body: {} })).toMatchObject({ code: 405 });
  });
});

/** The events of a watch until there are `count`. */
async function events(
  path: string,
  count: number,
  act: () => Promise<unknown>,
): Promise<{ type: string; object: Record<string, unknown> }[]> {
  const message = await server.open(path);
  const acted = act();
  let text = '';
  for await (const chunk of message) {
    text += String(chunk);
    if (text.split('\n').length > count) break;
  }
  await acted;
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; object: Record<string, unknown> });
}

describe('watch', () => {
  test('tells what happens from a version on', async () => {
    const start = (await server.ask(`${configMaps}?limit=1`)).body as { metadata: { resourceVersion: string } };
    const seen = await events(`${configMaps}?watch=1&resourceVersion=${start.metadata.resourceVersion}`, 3, async () => {
      await server.ask(configMaps, { method: 'POST', body: configMap('watched') });
      await server.ask(`${configMaps}/watched`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { data: { a: 'c' } },
      });
      await server.ask(`${configMaps}/watched`, { method: 'DELETE' });
    });
    expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(seen[1]?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'watched' }, data: { a: 'c' } });
  });

  test('ends in order when its time is up', async () => {
    const answer = await server.ask(`${configMaps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dnobody`);
    expect(answer).toMatchObject({ code: 200, text: '' });
  });

  test('the initial events end with a bookmark', async () => {
    const path = '/api/v1/namespaces?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';
    const seen = await events(path, 2, () => Promise.resolve());
    expect(seen).toMatchObject([
      { type: 'ADDED' },
      { type: 'BOOKMARK', object: { kind: 'Namespace', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } },
    ]);
  });

  test('a version of the future is refused or told inside', async () => {
    const answer = await server.ask(`${configMaps}?watch=1&resourceVersion=x`);
    // Upstream leaves it to the store to find out.
    expect(answer.code).toBe(500);
  });

  test('over a WebSocket', async () => {
    const url = `wss://127.0.0.1:${String(server.api.port)}/api/v1/namespaces?watch=1`;
    const socket = new WebSocket(url, { ca: server.ca.cert, headers: { authorization: `Bearer ${testToken}` } });
    const first = await new Promise<string>((resolve, reject) => {
      socket.once('message', (data: Buffer) => resolve(data.toString()));
      socket.once('error', reject);
    });
    expect(JSON.parse(first)).toMatchObject({ type: 'ADDED', object: { kind: 'Namespace' } });
    socket.terminate();
  });

  test('a token among the subprotocols of a WebSocket is not said back', async () => {
    const url = `wss://127.0.0.1:${String(server.api.port)}/api/v1/namespaces?watch=1`;
    const token = `base64url.bearer.authorization.k8s.io.${Buffer.from(testToken).toString('base64url')}`;
    const socket = new WebSocket(url, [token, 'base64.binary.k8s.io'], { ca: server.ca.cert });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    expect(socket.protocol).toBe('base64.binary.k8s.io');
    socket.terminate();
  });
});

describe('streams to nodes', () => {
  test('logs and upgrades reach the node with the certificate of the API server', async () => {
    const pair = await issue(
      server.ca,
      { commonName: 'system:node:n1', organizations: ['system:nodes'], hosts: ['127.0.0.1'], usage: 'both', days: 1 },
      Date.now(),
    );
    const paths: string[] = [];
    const kubelet = createServer({ ...pair, ca: server.ca.cert, requestCert: true, rejectUnauthorized: true }, (asked, answer) => {
      paths.push(asked.url ?? '');
      answer.end('line\n');
    });
    kubelet.on('upgrade', (asked, socket: Duplex) => {
      paths.push(asked.url ?? '');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
    const { port } = kubelet.address() as AddressInfo;
    const nodes = server.client.resource(refs.nodes);
    const node = await nodes.create('', { metadata: { name: 'n1' }, spec: {} });
    await nodes.updateStatus({
      ...node,
      status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
    });
    await server.client.resource(refs.pods).create('default', {
      metadata: { name: 'p' },
      spec: {
        nodeName: 'n1',
        containers: [
          { name: 'a', image: 'i' },
          { name: 'b', image: 'i' },
        ],
      },
    });
    const pod = '/api/v1/namespaces/default/pods/p';
    expect(await server.ask(`${pod}/log`)).toMatchObject({
      code: 400,
      body: { message: 'a container name must be specified for pod p, choose one of: [a b]' },
    });
    expect(await server.ask(`${pod}/log?container=b&tailLines=3`)).toMatchObject({
      code: 200,
      text: 'line\n',
      headers: { 'content-type': 'text/plain' },
    });
    const echoed = await new Promise<string>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', authorization: `Bearer ${testToken}` };
      const sent = request({
        host: '127.0.0.1',
        port: server.api.port,
        ca: server.ca.cert,
        method: 'POST',
        path: `${pod}/exec?container=a&stdin=true&command=sh&command=-c`,
        headers,
      });
      sent.once('upgrade', (_answer, socket) => {
        socket.once('data', (data: Buffer) => {
          resolve(data.toString());
          socket.destroy();
        });
        socket.write('hello');
      });
      sent.once('response', (answer) => reject(new Error(`refused: ${String(answer.statusCode)}`)));
      sent.once('error', reject);
      sent.end();
    });
    expect(echoed).toBe('hello');
    expect(paths).toEqual(['/containerLogs/default/p/b?stream=All&tailLines=3', '/exec/default/p/a?input=1&command=sh&command=-c']);
    kubelet.closeAllConnections();
    await new Promise((resolve) => kubelet.close(resolve));
  });
});

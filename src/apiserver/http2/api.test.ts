import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { startTestServer, type TestServer, testToken } from '../testing/server.ts';

let server: TestServer;
let session: ClientHttp2Session;
beforeAll(async () => {
  server = await startTestServer();
  session = connect(`https://127.0.0.1:${String(server.api.port)}`, { ca: server.ca.cert });
});
afterAll(async () => {
  session.destroy();
  await server.stop();
});

const asAdmin = { authorization: `Bearer ${testToken}` };
const path = '/api/v1/namespaces/default/configmaps';

async function ask(method: string, url: string, body?: unknown): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const stream = session.request({ ':method': method, ':path': url, ...asAdmin, ...(body === undefined ? {} : { 'content-type': type }) });
  stream.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  return { headers, body: await text(stream) };
}

test('the server chooses HTTP/2 where the client can, and both versions say the same', async () => {
  if (session.connecting) await once(session, 'connect');
  expect(session.alpnProtocol).toBe('h2');
  const plain = await server.ask('/api/v1/namespaces/default/configmaps/none');
  const here = await ask('GET', '/api/v1/namespaces/default/configmaps/none');
  expect(here.body).toBe(plain.text);
  expect(here.headers).toMatchObject({ 'content-type': plain.headers['content-type'], 'cache-control': plain.headers['cache-control'] });
  expect(here.headers['content-length']).toBe(plain.headers['content-length']);
  expect(here.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('writes reach watches on the same connection', async () => {
  const watch = session.request({ ':path': `${path}?watch=1`, ...asAdmin });
  await once(watch, 'response');
  const lines = createInterface(watch)[Symbol.asyncIterator]();
  expect((await ask('POST', path, { metadata: { name: 'a' }, data: { k: 'v'.repeat(300_000) } })).headers[':status']).toBe(201);
  expect((await ask('PATCH', `${path}/a`, { data: { k: 'new' } })).headers[':status']).toBe(200);
  const types: unknown[] = [];
  for (let count = 0; count < 2; count++) {
    const { type, object } = JSON.parse(String((await lines.next()).value)) as { type: string; object: { data: { k: string } } };
    types.push([type, object.data.k.length]);
  }
  expect(types).toEqual([
    ['ADDED', 300_000],
    ['MODIFIED', 3],
  ]);
  watch.close();
});

test('what is too large is refused without being read, and escapes that are none', async () => {
  const { headers, body } = await ask('POST', path, 'x'.repeat(4_000_000));
  expect(headers[':status']).toBe(413);
  expect(body).toContain('RequestEntityTooLarge');
  expect((await ask('GET', '/api/%zz')).headers[':status']).toBe(400);
});

test('upgrades stay with HTTP/1.1', async () => {
  const { headers } = await ask('GET', '/api/v1/namespaces/default/pods/none/exec?command=ls');
  expect(headers[':status']).toBe(404);
});

test.each([
  ['nobody', 200, {}],
  ['somebody unknown', 401, { authorization: 'Bearer unknown' }],
])('a connection of %s carries one request', async (_, status, fields) => {
  const stranger = connect(`https://127.0.0.1:${String(server.api.port)}`, { ca: server.ca.cert });
  const away = once(stranger, 'goaway');
  const stream = stranger.request({ ':path': '/healthz', ...fields });
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(headers[':status']).toBe(status);
  expect((await away).slice(0, 2)).toEqual([0, 1]);
  stream.resume();
  if (!stranger.destroyed) await once(stranger, 'close');
  expect((await ask('GET', '/healthz')).headers[':status']).toBe(200);
});

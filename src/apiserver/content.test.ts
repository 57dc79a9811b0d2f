import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { decodeProtobuf } from '../api/protobuf/decode.ts';
import { encodeProtobuf } from '../api/protobuf/encode.ts';
import { schemaOfKind } from '../api/schema/facts.ts';
import { startTestServer, testToken, type TestServer } from './testing/server.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const maps = '/api/v1/namespaces/default/configmaps';
const partial = (kind: string): string => `${protobuf};as=${kind};v=v1;g=meta.k8s.io`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.ask('/api/v1/namespaces', { method: 'POST', body: { metadata: { name: 'default' } } });
});
afterAll(() => server.stop());

interface Got {
  readonly code: number;
  readonly type: string | undefined;
  readonly bytes: Buffer;
}

async function get(path: string, accept: string, asked: { readonly method?: string; readonly body?: Buffer } = {}): Promise<Got> {
  const headers = { accept, ...(asked.body === undefined ? {} : { 'content-type': protobuf }) };
  const message = await server.open(path, { ...asked, headers });
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return { code: message.statusCode ?? 0, type: message.headers['content-type'], bytes: Buffer.concat(chunks) };
}

function configMap(name: string, data: Readonly<Record<string, string>> = { a: 'b' }): Buffer {
  const schema = schemaOfKind('', 'v1', 'ConfigMap');
  if (schema === undefined) throw new Error('no schema');
  return encodeProtobuf({ metadata: { name }, data }, schema, { apiVersion: 'v1', kind: 'ConfigMap' });
}

describe('protobuf', () => {
  test('create, get, list: both ways, and the same as JSON', async () => {
    const created = await get(maps, protobuf, { method: 'POST', body: configMap('binary') });
    expect(created).toMatchObject({ code: 201, type: protobuf });
    const { body } = await server.ask(`${maps}/binary`);
    const { kind, apiVersion, value } = decodeProtobuf((await get(`${maps}/binary`, protobuf)).bytes);
    expect({ kind, apiVersion, ...value }).toEqual(body);
    const list = decodeProtobuf((await get(`${maps}?fieldSelector=metadata.name%3Dbinary`, protobuf)).bytes);
    expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', value: { items: [value] } });
  });

  test('an object is written anew when it has changed', async () => {
    await server.ask(`${maps}/binary`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { a: 'c' } },
    });
    expect(decodeProtobuf((await get(`${maps}/binary`, protobuf)).bytes).value).toMatchObject({ data: { a: 'c' } });
  });

  test('metadata alone, one and many', async () => {
    const one = decodeProtobuf((await get(`${maps}/binary`, partial('PartialObjectMetadata'))).bytes);
    expect(one).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', value: { metadata: { name: 'binary' } } });
    expect(one.value).not.toHaveProperty('data');
    const many = decodeProtobuf((await get(maps, partial('PartialObjectMetadataList'))).bytes);
    expect(many.value['items']).toHaveLength(1);
  });

  test('errors', async () => {
    const missing = await get(`${maps}/missing`, protobuf);
    expect([missing.code, missing.type]).toEqual([404, protobuf]);
    expect(decodeProtobuf(missing.bytes)).toMatchObject({ kind: 'Status', value: { reason: 'NotFound', code: 404 } });
  });

  test('what only tables are accepted for is refused in plain JSON', async () => {
    const refused = await get(maps, 'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io');
    expect(refused).toMatchObject({ code: 406, type: 'application/json' });
    expect(refused.bytes.toString()).toContain('{\n  "kind": "Status"');
  });

  test('a watch: frames of events', async () => {
    const { type, bytes } = await get(`${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dbinary`, protobuf);
    expect(type).toBe(`${protobuf};stream=watch`);
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
    expect(bytes.subarray(4, 11).toString('latin1')).toBe('\n\u0005ADDED');
    expect(decodeProtobuf(bytes.subarray(bytes.indexOf('k8s\0'))).value).toMatchObject({ metadata: { name: 'binary' } });
  });

  test('a watch over a WebSocket: binary messages', async () => {
    const url = `wss://127.0.0.1:${String(server.api.port)}${maps}?watch=1`;
    const socket = new WebSocket(url, { ca: server.ca.cert, headers: { authorization: `Bearer ${testToken}`, accept: protobuf } });
    const [data, isBinary] = await new Promise<[Buffer, boolean]>((resolve, reject) => {
      socket.once('message', (message: Buffer, binary) => resolve([message, binary]));
      socket.once('error', reject);
    });
    expect([data.readUInt32BE(0), isBinary]).toEqual([data.length - 4, true]);
    socket.terminate();
  });
});

describe('watches that cannot begin', () => {
  test('over a WebSocket they are refused as over HTTP', async () => {
    const url = `wss://127.0.0.1:${String(server.api.port)}${maps}?watch=1&timeoutSeconds=x`;
    const socket = new WebSocket(url, { ca: server.ca.cert, headers: { authorization: `Bearer ${testToken}` } });
    const code = await new Promise((resolve) => {
      socket.once('unexpected-response', (_, response) => resolve(response.statusCode));
      socket.once('error', () => resolve(0));
    });
    expect(code).toBe(400);
  });

  test('an event is no list', async () => {
    const { code, bytes } = await get(`${maps}?watch=1`, partial('PartialObjectMetadataList'));
    expect([code, bytes.length]).toEqual([200, 0]);
  });

  test('a time that is over already', async () => {
    const { bytes } = await get(`${maps}?watch=1&timeoutSeconds=-1`, 'application/json');
    expect(JSON.parse(bytes.toString())).toMatchObject({ type: 'ERROR', object: { message: 'context deadline exceeded', code: 500 } });
  });

  test('another name than that of the path', async () => {
    const answer = await server.ask('/api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name%3Db');
    expect(answer).toMatchObject({ code: 400, body: { message: "fieldSelector metadata.name doesn't match requested name" } });
  });

  test('what can be listed but not watched, and other methods', async () => {
    const answer = await server.ask('/api/v1/componentstatuses?watch=1');
    expect(answer).toMatchObject({ code: 405, body: { message: 'watch is not supported on resources of kind "componentstatuses"' } });
    expect(await server.ask('/api/v1/watch/configmaps', { method: 'POST' })).toMatchObject({ code: 405 });
  });
});

test('a watcher that does not read is cut off, and others are not', async () => {
  const path = `${maps}?watch=1&fieldSelector=metadata.name%3Dlarge`;
  const [slow, quick] = [await server.open(path), await server.open(path)];
  let seen = 0;
  quick.setEncoding('latin1').on('data', (chunk: string) => (seen += chunk.split('"type":"').length - 1));
  await server.ask(maps, { method: 'POST', body: { metadata: { name: 'large' } } });
  for (let round = 0; round < 50; round++) {
    await server.ask(`${maps}/large`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { round: String(round), text: 'x'.repeat(900_000) } },
    });
  }
  let bytes = 0;
  const ended = await new Promise((resolve) => {
    slow.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    slow.on('end', () => resolve('end'));
    slow.on('data', (chunk: Buffer) => (bytes += chunk.length));
  });
  expect(ended).toBe('ECONNRESET');
  expect(bytes).toBeLessThan(45_000_000);
  expect(seen).toBe(51);
  quick.destroy();
}, 60_000);

/** Backends that speak TLS themselves, and what browsers are told about TLS. */
import { createSecureServer } from 'node:http2';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { KeyPair } from '../auth/certificates.ts';
import { createAuthority, issue } from '../auth/certificates.ts';
import { ask2, echo, IngressBench } from './testing/bench.ts';

let bench: IngressBench;
let pair: KeyPair;

beforeAll(async () => {
  const now = Date.now();
  pair = await issue(await createAuthority('of the pod', now), { commonName: 'pod', hosts: ['pod'], usage: 'server', days: 1 }, now);
});
beforeEach(() => {
  bench = new IngressBench();
});
afterEach(() => bench.stop());

async function secure(annotations: Record<string, string> = { 'ingress.coracle.io/backend-protocol': 'HTTPS' }): Promise<Server> {
  const backend = createServer(pair, echo);
  bench.expose('web', await bench.listen(backend));
  await bench.start({ rules: [['h', '/', 'web:80']], annotations });
  return backend;
}

test('HTTPS: whatever its certificate; bodies pass; connections are kept', async () => {
  const backend = await secure();
  let connections = 0;
  backend.on('secureConnection', () => connections++);
  for (const body of ['one', 'two', 'three']) {
    const answer = await bench.ask('/p?q', { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ url: '/p?q', body, headers: { host: 'h', 'x-forwarded-proto': 'http' } });
  }
  expect(connections).toBe(1);
});

test('HTTPS because the port of the Service says so', async () => {
  bench.expose('web', await bench.listen(createServer(pair, echo)), { appProtocol: 'https' });
  await bench.start();
  expect(await bench.ask('/')).toMatchObject({ status: 200 });
});

test('a backend that speaks no TLS is 502, one that never ends the handshake 504', async () => {
  const plain = createTcpServer((socket) => void socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n'));
  const silent = createTcpServer((socket) => void socket.on('error', () => undefined));
  bench.expose('web', await bench.listen(plain), { appProtocol: 'https' });
  await bench.start({ rules: [['h', '/', 'web:80']], annotations: { 'ingress.coracle.io/proxy-connect-timeout': '1500ms' } });
  expect((await bench.ask('/')).status).toBe(502);
  bench.expose('web', await bench.listen(silent), { appProtocol: 'https' });
  expect((await bench.ask('/')).status).toBe(504);
});

test('upgrades pass to a backend with TLS', async () => {
  const backend = await secure();
  backend.on('upgrade', (_incoming, socket: Socket) => {
    socket.on('error', () => undefined).end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
  });
  const got = await bench.raw('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  expect(got).toMatch(/^HTTP\/1.1 101 [^]*hello$/);
});

test('gRPC over TLS', async () => {
  const backend = createSecureServer(pair);
  backend.on('stream', (stream, headers) => {
    stream.on('error', () => undefined).respond({ ':status': 200, 'x-scheme': headers[':scheme'] ?? '' });
    stream.end('from h2');
  });
  bench.expose('web', await bench.listen(backend));
  await bench.start({ rules: [['h', '/', 'web:80']], annotations: { 'nginx.ingress.kubernetes.io/backend-protocol': 'GRPCS' } });
  expect(await ask2(bench.http2(), '/')).toMatchObject({ status: 200, body: 'from h2', headers: { 'x-scheme': 'https' } });
});

test('HSTS where it is asked for: over TLS alone, and what the backend says itself stands', async () => {
  const annotations = { 'ingress.coracle.io/hsts': 'true', 'ingress.coracle.io/hsts-max-age': '60' };
  await bench.serve(
    (incoming, response) => {
      if (incoming.url === '/own') response.setHeader('Strict-Transport-Security', 'max-age=1');
      response.end();
    },
    { rules: [['h', '/', 'web:80']], annotations },
  );
  const session = bench.http2();
  const told = async (path: string): Promise<unknown> => (await ask2(session, path)).headers['strict-transport-security'];
  expect(await told('/')).toBe('max-age=60; includeSubDomains');
  expect(await told('/own')).toBe('max-age=1');
  expect((await bench.ask('/')).headers).not.toHaveProperty('strict-transport-security');
});

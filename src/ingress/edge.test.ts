import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAuthority, issue } from '../auth/certificates.ts';
import { refs } from '../client/refs.ts';
import { ask2, echo, eventually, IngressBench } from './testing/bench.ts';
import { ingress, tlsSecret } from './testing/objects.ts';

let bench: IngressBench;

beforeEach(() => {
  bench = new IngressBench();
});

afterEach(() => bench.stop());

const annotated = (values: Record<string, string>): { annotations: Record<string, string> } => ({
  annotations: Object.fromEntries(Object.entries(values).map(([name, value]) => [`ingress.coracle.io/${name}`, value])),
});

describe('plain HTTP', () => {
  const tls = [{ hosts: ['h'] }];

  test('is sent to HTTPS where the Ingress has TLS for the host', async () => {
    await bench.serve(echo, { tls, rules: ['h', 'other'].map((host) => [host, '/', 'web:80'] as const) });
    const { status, headers } = await bench.ask('/a?b', { method: 'POST', body: 'x', host: 'h:8080' });
    expect([status, headers.location]).toEqual([308, `https://h:${String(bench.ports.https)}/a?b`]);
    expect((await bench.ask('/', { host: 'other' })).status).toBe(200);
    expect((await ask2(bench.http2(), '/')).status).toBe(200);
    const upgrade = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await bench.raw(upgrade)).toMatch(/^HTTP\/1.1 308 [^]*location: https:\/\/h/);
  });

  test('stays where the Ingress says so, and goes where it wants to without TLS', async () => {
    await bench.serve(echo, { tls, ...annotated({ 'ssl-redirect': 'false' }) });
    expect((await bench.ask('/')).status).toBe(200);
    bench.client.seed(refs.ingresses, ingress('a/web', { rules: [['h', '/', 'web:80']], ...annotated({ 'force-ssl-redirect': 'true' }) }));
    await eventually(async () => expect((await bench.ask('/')).status).toBe(308));
  });

  test('of an Ingress that names no class is as one of the class coracle, its parameters included', async () => {
    await bench.serve(echo, { tls, className: null });
    expect((await bench.ask('/')).status).toBe(308);
    bench.client.seed(refs.configMaps, { metadata: { namespace: 'a', name: 'usual', uid: 'usual' }, data: { 'ssl-redirect': 'false' } });
    const parameters = { kind: 'ConfigMap', name: 'usual', namespace: 'a', scope: 'Namespace' };
    bench.client.seed(refs.ingressClasses, {
      metadata: { name: 'coracle', uid: 'c' },
      spec: { controller: 'coracle.io/ingress', parameters },
    });
    await eventually(async () => expect((await bench.ask('/')).status).toBe(200));
  });

  test('through a trusted proxy that had TLS is HTTPS; others only say so', async () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
    await bench.serve(echo, { tls }, { trustedProxies: ['127.0.0.0/8'] });
    const { status, body } = await bench.ask('/', { headers });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      headers: { 'x-forwarded-for': '203.0.113.7, 127.0.0.1', 'x-real-ip': '203.0.113.7', 'x-forwarded-proto': 'https', host: 'h' },
    });
    await bench.stop();
    bench = new IngressBench();
    await bench.serve(echo, { tls });
    expect((await bench.ask('/', { headers })).status).toBe(308);
  });
});

describe('limits', () => {
  test('a body beyond what the Ingress takes is 413, said or found out', async () => {
    await bench.serve(echo, annotated({ 'proxy-body-size': '1k' }));
    const headers = { 'transfer-encoding': 'chunked' };
    expect((await bench.ask('/', { method: 'POST', body: 'x'.repeat(1024) })).status).toBe(200);
    expect((await bench.ask('/', { method: 'POST', body: 'x'.repeat(1025) })).status).toBe(413);
    expect((await bench.ask('/', { method: 'POST', body: 'x'.repeat(1025), headers })).status).toBe(413);
    const session = bench.http2();
    expect((await ask2(session, '/', { method: 'POST', body: 'x'.repeat(1025) })).status).toBe(413);
    expect((await ask2(session, '/', { method: 'POST', body: 'x' })).status).toBe(200);
  });

  test('a body that stops coming is 408', async () => {
    await bench.serve(echo, {}, { timeouts: { connectMs: 1000, silentMs: 5000, bodyMs: 50 } });
    expect(await bench.raw('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf')).toMatch(/^HTTP\/1.1 408 /);
    expect((await bench.ask('/', { method: 'POST', body: 'whole' })).status).toBe(200);
  });

  test('time-outs are those of the Ingress', async () => {
    await bench.serve(() => undefined, annotated({ 'proxy-read-timeout': '50ms' }));
    expect((await bench.ask('/')).status).toBe(504);
  });

  test('one address cannot take all connections', async () => {
    await bench.serve(echo, {}, { maxPerAddress: 3 });
    const { connect } = await import('node:net');
    const idle: Socket[] = [];
    for (let count = 0; count < 3; count++) {
      const socket = connect(bench.ports.http, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.on('connect', resolve));
      idle.push(socket);
    }
    await eventually(() => expect(bench.metrics.text()).toContain('coracle_ingress_connections{entry="http"} 3'));
    await expect(bench.ask('/')).rejects.toThrow(/hang up|ECONNRESET/);
    for (const socket of idle) socket.destroy();
    await eventually(async () => expect((await bench.ask('/')).status).toBe(200));
    expect(bench.metrics.text()).toContain('coracle_ingress_dropped_connections_total{reason="too-many"}');
  });

  test('headers beyond 32 KB are 431, bytes that are no request 400; others are served meanwhile', async () => {
    await bench.serve(echo);
    expect(await bench.raw(`GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    expect(await bench.raw('\u0016\u0003\u0001 nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect((await bench.ask('/')).status).toBe(200);
  });
});

describe('streams', () => {
  test('the head of an answer goes before its first byte, and each event as it comes', async () => {
    const events: { write: (text: string) => void; end: () => void }[] = [];
    await bench.serve((_incoming, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      events.push({ write: (text) => void response.write(text), end: () => void response.end() });
    });
    const { request } = await import('node:http');
    const sent = request({ port: bench.ports.http, headers: { host: 'h' }, agent: false });
    const answer = new Promise<import('node:http').IncomingMessage>((resolve) => sent.on('response', resolve));
    sent.end();
    const stream = await answer;
    expect(stream.headers['content-type']).toBe('text/event-stream');
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      const heard = new Promise((resolve) => stream.once('data', (chunk: Buffer) => resolve(chunk.toString())));
      events[0]?.write(event);
      expect(await heard).toBe(event);
    }
    events[0]?.end();
    stream.destroy();
  });
});

describe('endpoints that are dead', () => {
  test('a request with a body goes to the next one, as nothing of it has left', async () => {
    const port = await bench.listen(createServer(echo));
    bench.expose('web', port, { ips: ['127.0.0.2', '127.0.0.3', '127.0.0.1'] });
    await bench.start();
    for (let count = 0; count < 4; count++) {
      const { status, body } = await bench.ask('/', { method: 'POST', body: 'text' });
      expect([status, (JSON.parse(body) as { body: string }).body]).toEqual([200, 'text']);
    }
    // They are passed over for a while then.
    expect(bench.metrics.text()).toContain('coracle_ingress_retries_total 2\n');
  });

  test('one that ends the connection after it took a request is not asked twice for what may count twice', async () => {
    let asked = 0;
    const dying = createTcpServer((socket) => void socket.on('error', () => undefined).once('data', () => (asked++, socket.destroy())));
    bench.expose('web', await bench.listen(dying));
    await bench.start();
    expect((await bench.ask('/', { method: 'POST', body: 'x' })).status).toBe(502);
    expect((await bench.ask('/')).status).toBe(502);
    expect(asked).toBe(2);
  });
});

describe('figures', () => {
  test('requests by rule and status, certificates, reloads; what goes is forgotten', async () => {
    const authority = await createAuthority('test', Date.now());
    bench.client.seed(
      refs.secrets,
      tlsSecret('a/cert', await issue(authority, { commonName: 'h', hosts: ['h'], usage: 'server', days: 1 }, Date.now())),
    );
    await bench.serve(echo, { tls: [{ hosts: ['h'], secretName: 'cert' }] });
    const session = bench.http2();
    await ask2(session, '/');
    await bench.ask('/');
    await bench.ask('/', { host: 'other' });
    await eventually(() => {
      const text = bench.metrics.text();
      expect(text).toContain('coracle_ingress_requests_total{code="200",ingress="web",namespace="a",service="web"} 1');
      expect(text).toContain('coracle_ingress_requests_total{code="308",ingress="web",namespace="a",service="web"} 1');
      expect(text).toContain('coracle_ingress_requests_total{code="404",ingress="",namespace="",service=""} 1');
      expect(text).toContain('coracle_ingress_request_duration_seconds_count{ingress="web",namespace="a",service="web"} 2');
      expect(text).toMatch(/coracle_ingress_certificate_not_after_seconds\{host="h",namespace="a",secret="cert"\} \d/);
      expect(text).toMatch(/coracle_ingress_config_reloads_total [1-9]/);
    });
    bench.client.remove(refs.ingresses, 'a/web');
    await eventually(async () => {
      expect((await bench.ask('/')).status).toBe(404);
      expect(bench.metrics.text()).not.toContain('ingress="web"');
    });
  });
});

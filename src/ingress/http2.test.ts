import type { ServerHttp2Stream } from 'node:http2';
import { constants, createServer as createHttp2Server } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ask2, echo, IngressBench } from './testing/bench.ts';

let bench: IngressBench;

function frame(type: number, flags: number, stream: number, payload: readonly number[] = []): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

beforeEach(() => {
  bench = new IngressBench();
});

afterEach(() => bench.stop());

describe('clients with HTTP/2', () => {
  test('reach a backend of HTTP/1.1: path, body, host, cookies in one header', async () => {
    await bench.serve(echo);
    const session = bench.http2();
    const headers = { cookie: ['a=1', 'b=2'], 'x-own': '1' };
    const { status, body } = await ask2(session, '/p?q', { method: 'POST', body: 'text', headers });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      method: 'POST',
      url: '/p?q',
      body: 'text',
      headers: { host: 'h', cookie: 'a=1; b=2', 'x-own': '1', 'x-forwarded-proto': 'https', 'transfer-encoding': 'chunked' },
    });
    const sized = await ask2(session, '/', { method: 'PUT', body: 'text', headers: { 'content-length': '4' } });
    expect(JSON.parse(sized.body)).toMatchObject({ body: 'text', headers: { 'content-length': '4' } });
    expect(JSON.parse((await ask2(session, '/')).body)).toMatchObject({ method: 'GET', body: '' });
  });

  test('get its answers: headers of the connection stay behind, what comes twice comes twice, HEAD and 204 have no body', async () => {
    await bench.serve((incoming, response) => {
      response.writeHead(incoming.url === '/none' ? 204 : 201, { 'set-cookie': ['a=1', 'b=2'], connection: 'keep-alive', 'x-own': '1' });
      response.end(incoming.url === '/none' ? undefined : 'text');
    });
    const session = bench.http2();
    const { status, headers, body } = await ask2(session, '/');
    expect([status, headers['set-cookie'], headers['x-own'], body]).toEqual([201, ['a=1', 'b=2'], '1', 'text']);
    expect(headers).not.toHaveProperty('connection');
    expect(await ask2(session, '/', { method: 'HEAD' })).toMatchObject({ status: 201, body: '' });
    expect(await ask2(session, '/none')).toMatchObject({ status: 204, body: '' });
  });

  test('are refused as others are', async () => {
    await bench.serve(echo);
    const session = bench.http2();
    expect((await ask2(session, '/', { host: 'other' })).status).toBe(404);
    expect((await ask2(session, '*', { method: 'OPTIONS' })).status).toBe(400);
    expect((await ask2(session, '/', { headers: { host: 'other' } })).status).toBe(400);
    expect((await ask2(session, '/')).status).toBe(200);
  });

  test('an answer that breaks off ends its stream with an error, the others go on', async () => {
    await bench.serve((incoming, response) => {
      if (incoming.url !== '/break') return void response.end('whole');
      response.writeHead(200, { 'content-length': 100 });
      response.write('some', () => response.destroy());
    });
    const session = bench.http2();
    await expect(ask2(session, '/break')).rejects.toThrow(/NGHTTP2_INTERNAL_ERROR/);
    expect(await ask2(session, '/')).toMatchObject({ body: 'whole' });
  });

  test('who cancels takes the request back', async () => {
    const [came, gone] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    await bench.serve((_incoming, response) => {
      came.resolve(undefined);
      response.on('close', () => gone.resolve(undefined));
    });
    const stream = bench.http2().request({ ':path': '/', ':authority': 'h' });
    stream.on('error', () => undefined);
    await came.promise;
    stream.close(constants.NGHTTP2_CANCEL);
    await gone.promise;
  });

  test('one that opens and cancels without end is sent away, and others are served', async () => {
    await bench.serve((_incoming, response) => void setTimeout(() => response.end('late'), 50));
    const flood = connectTls({ port: bench.ports.https, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
    const ended = new Promise((resolve) => flood.on('close', resolve));
    flood.on('error', () => undefined).resume();
    flood.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)]));
    let id = 1;
    const open = (): void => {
      if (flood.destroyed) return;
      // GET http://h/ (HPACK), and at once RST_STREAM with CANCEL.
      for (let count = 0; count < 50; count++, id += 2)
        flood.write(Buffer.concat([frame(1, 5, id, [0x82, 0x86, 0x84, 0x41, 1, 0x68]), frame(3, 0, id, [0, 0, 0, 8])]));
      setImmediate(open);
    };
    open();
    await ended;
    expect(await ask2(bench.http2(), '/')).toMatchObject({ status: 200, body: 'late' });
  });
});

describe('backends with HTTP/2 in clear (appProtocol kubernetes.io/h2c)', () => {
  async function grpc(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<void> {
    const backend = createHttp2Server();
    backend.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      answer(stream, headers[':path'] ?? '');
    });
    bench.expose('web', await bench.listen(backend), { appProtocol: 'kubernetes.io/h2c' });
    await bench.start();
  }
  const headers = { te: 'trailers', 'content-type': 'application/grpc' };

  test('gRPC passes: both directions at once, trailers after the body, a status without any', async () => {
    await grpc((stream, path) => {
      if (path === '/none') return stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true });
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
      stream.pipe(stream);
    });
    const session = bench.http2();
    const stream = session.request({ ':path': '/echo', ':method': 'POST', ':authority': 'h', ...headers });
    const next = (): Promise<string> => new Promise((resolve) => stream.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    for (const word of ['one', 'two']) {
      const heard = next();
      stream.write(word);
      expect(await heard).toBe(word);
    }
    const trailers = new Promise((resolve) => stream.once('trailers', resolve));
    stream.end();
    expect(await trailers).toMatchObject({ 'grpc-status': '0', 'grpc-message': 'fine' });
    // Trailers alone are the head of an answer that ends with it.
    expect(await ask2(session, '/none', { method: 'POST', body: 'x', headers })).toMatchObject({
      headers: { 'grpc-status': '12' },
      body: '',
    });
  });

  test('the backend hears who asks, and that trailers are welcome', async () => {
    const heard = Promise.withResolvers<object>();
    const backend = createHttp2Server().on('stream', (stream, got) => {
      heard.resolve(got);
      stream.respond({ ':status': 200 });
      stream.end('from h2c');
    });
    bench.expose('web', await bench.listen(backend), { appProtocol: 'kubernetes.io/h2c' });
    await bench.start();
    expect(await ask2(bench.http2(), '/x', { headers })).toMatchObject({ status: 200, body: 'from h2c' });
    expect(await heard.promise).toMatchObject({ ':authority': 'h', ':path': '/x', te: 'trailers', 'x-forwarded-proto': 'https' });
    // So do clients of HTTP/1.1.
    expect(await bench.ask('/y')).toMatchObject({ status: 200, body: 'from h2c' });
  });

  test('one that is not there is 502', async () => {
    const backend = createHttp2Server();
    const port = await bench.listen(backend);
    await new Promise((resolve) => backend.close(resolve));
    bench.expose('web', port, { appProtocol: 'kubernetes.io/h2c' });
    await bench.start();
    expect((await ask2(bench.http2(), '/', { headers })).status).toBe(502);
  });
});

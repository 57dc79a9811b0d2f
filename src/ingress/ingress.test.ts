import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAuthority, issue } from '../auth/certificates.ts';
import type { KeyPair } from '../auth/certificates.ts';
import { FakeClock, realClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { silentLogger } from '../base/logger.ts';
import type { Informers } from '../client/informer-factory.ts';
import { createInformers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import type { FakeClient } from '../client/testing/fake-client.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import type { Timeouts } from './connections.ts';
import type { IngressOptions, IngressServer } from './ingress.ts';
import { startIngress } from './ingress.ts';
import { ingress, ingressClass, service, slice, tlsSecret } from './testing/objects.ts';

const now = Date.now();
let authority: KeyPair;
let pairs: Record<'fallback' | 'one' | 'two', KeyPair>;
let client: FakeClient;
let informers: Informers;
let server: IngressServer;
let logged: string;
let backends: (Server | TcpServer)[];

beforeAll(async () => {
  authority = await createAuthority('test', now);
  const pair = (name: string): Promise<KeyPair> => issue(authority, { commonName: name, hosts: [name], usage: 'server', days: 1 }, now);
  pairs = { fallback: await pair('fallback'), one: await pair('one.example'), two: await pair('two.example') };
});

beforeEach(() => {
  backends = [];
  logged = '';
  client = createFakeClient({ clock: realClock });
  const note = (fields: object, message: string): void => void (logged += JSON.stringify([message, fields]));
  const logger: Logger = { ...silentLogger, debug: note, info: note, warn: note, error: note };
  informers = createInformers({ client, clock: realClock, logger });
  client.seed(refs.ingressClasses, ingressClass('coracle'));
});

afterEach(async () => {
  await server.stop();
  await informers.stop();
  await Promise.all(backends.map((backend) => new Promise((resolve) => backend.close(resolve))));
});

const quick: Timeouts = { connectMs: 1000, silentMs: 5000, bodyMs: 5000 };

async function start(timeouts = quick, more: Partial<IngressOptions> = {}): Promise<void> {
  server = await startIngress({
    ...more,
    client,
    informers,
    clock: realClock,
    logger: silentLoggerOf(),
    httpPort: 0,
    httpsPort: 0,
    addresses: ['192.0.2.1'],
    fallback: pairs.fallback,
    timeouts,
  });
  await server.synced;
}

function silentLoggerOf(): Logger {
  const note = (fields: object, message: string): void => void (logged += JSON.stringify([message, fields]));
  return { ...silentLogger, debug: note, info: note, warn: note, error: note };
}

async function listening<T extends Server | TcpServer>(backend: T): Promise<number> {
  backends.push(backend);
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  return (backend.address() as AddressInfo).port;
}

/** A Service `a/NAME` with port 80 whose endpoint is this. */
function expose(name: string, port: number, ips = ['127.0.0.1']): void {
  client.seed(refs.services, service(`a/${name}`, [{ name: 'http', port: 80 }]));
  client.seed(
    refs.endpointSlices,
    slice(
      `a/${name}`,
      ips.map((ip) => ({ ip })),
      [{ name: 'http', port }],
    ),
  );
}

/** Serves it at host `h`, every path. */
async function behindH(listener: RequestListener): Promise<void> {
  expose('web', await listening(createServer(listener)));
  client.seed(refs.ingresses, ingress('a/web', { rules: [['h', '/', 'web:80']] }));
  await start();
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  path: string,
  {
    host = 'h',
    method = 'GET',
    headers = {},
    body,
  }: { host?: string; method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: server.httpPort, path, method, headers: { host, ...headers }, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text })).on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
}

/** Sends bytes as they are; answers all that comes until the connection ends. */
function raw(text: string, port = server.httpPort): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket
      .setEncoding('utf8')
      .on('data', (chunk: string) => (got += chunk))
      .on('close', () => resolve(got))
      .on('error', reject);
  });
}

const echo: RequestListener = (incoming, response) => {
  let body = '';
  incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
  incoming.on('end', () => response.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, body })));
};

async function eventually(check: () => Promise<void> | void): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await check();
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe('requests', () => {
  test('go to the backend with path, query, body and who asks; the host stays', async () => {
    await behindH(echo);
    const { status, body } = await ask('/a%20b/c?d=e', {
      method: 'POST',
      body: 'text',
      headers: { 'x-forwarded-for': '6.6.6.6', 'x-own': '1' },
    });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      method: 'POST',
      url: '/a%20b/c?d=e',
      body: 'text',
      headers: {
        host: 'h',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'h',
        'x-forwarded-proto': 'http',
        'x-own': '1',
        'content-length': '4',
      },
    });
  });

  test('what no Ingress names is 404, a Service without endpoints 503, one that does not listen 502', async () => {
    await behindH(echo);
    client.seed(
      refs.ingresses,
      ingress('a/none', {
        rules: [
          ['none', '/', 'nothing:80'],
          ['closed', '/', 'closed:80'],
        ],
      }),
    );
    const port = await listening(createTcpServer());
    await new Promise((resolve) => backends.pop()?.close(resolve));
    expose('closed', port);
    await eventually(async () => expect((await ask('/', { host: 'closed' })).status).toBe(502));
    expect((await ask('/', { host: 'other' })).status).toBe(404);
    expect((await ask('/', { host: 'none' })).status).toBe(503);
    expect((await ask('/', { host: 'closed', method: 'POST', body: 'x' })).status).toBe(502);
  });

  test('an endpoint that refuses is passed over', async () => {
    await behindH(echo);
    expose('web', (backends[0]?.address() as AddressInfo).port, ['127.0.0.1', '127.0.0.2']);
    await eventually(() => expect(informers.of(refs.endpointSlices).store.get('a/web-IPv4')?.endpoints).toHaveLength(2));
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask('/')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  });

  test('another class is not ours, until it is', async () => {
    await behindH(echo);
    client.seed(refs.ingresses, ingress('a/web', { className: 'nginx', rules: [['h', '/', 'web:80']] }));
    await eventually(async () => expect((await ask('/')).status).toBe(404));
    client.seed(
      refs.ingresses,
      ingress('a/web', { className: null, annotations: { 'kubernetes.io/ingress.class': 'coracle' }, rules: [['h', '/', 'web:80']] }),
    );
    await eventually(async () => expect((await ask('/')).status).toBe(200));
  });

  test('an absolute target says the host', async () => {
    await behindH(echo);
    const answer = await raw('GET http://h/p?q HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n');
    expect(answer).toContain('"url":"/p?q"');
    expect(answer).toContain('"host":"h"');
    expect(await raw('OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  });

  test('large bodies stream both ways at the pace of the slower side', async () => {
    const size = 5_000_000;
    await behindH((incoming, response) => {
      let count = 0;
      incoming.on('data', (chunk: Buffer) => (count += chunk.length));
      incoming.on('end', () => response.end(Buffer.alloc(count, 'y')));
    });
    const { body } = await ask('/', { method: 'PUT', body: 'x'.repeat(size) });
    expect(body).toHaveLength(size);
  });

  test('an answer that breaks off ends the connection', async () => {
    await behindH((_incoming, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('some', () => response.destroy());
    });
    await expect(ask('/')).rejects.toThrow(/aborted|hang up/);
  });

  test('a client that goes away takes its request back', async () => {
    const gone = Promise.withResolvers<undefined>();
    const came = Promise.withResolvers<undefined>();
    await behindH((_incoming, response) => {
      came.resolve(undefined);
      response.on('close', () => gone.resolve(undefined));
    });
    const sent = request({ port: server.httpPort, headers: { host: 'h' }, agent: false });
    sent.on('error', () => undefined).end();
    await came.promise;
    sent.destroy();
    await gone.promise;
  });

  test('a backend that says nothing is 504', async () => {
    expose('web', await listening(createTcpServer((socket) => void socket.on('error', () => undefined).resume())));
    client.seed(refs.ingresses, ingress('a/web', { rules: [['h', '/', 'web:80']] }));
    await start({ ...quick, silentMs: 100 });
    expect((await ask('/')).status).toBe(504);
  });
});

describe('what would smuggle a request', () => {
  /** All that reached the backend, byte for byte. */
  async function recording(): Promise<() => string> {
    let got = '';
    const backend = createTcpServer((socket) => {
      socket
        .on('error', () => undefined)
        .setEncoding('latin1')
        .on('data', (chunk: string) => {
          got += chunk;
          if (got.endsWith('0\r\n\r\n') || /^(GET|HEAD)[^]*\r\n\r\n$/.test(got))
            socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        });
    });
    expose('web', await listening(backend));
    client.seed(refs.ingresses, ingress('a/web', { rules: [['h', '/', 'web:80']] }));
    await start();
    return () => got;
  }

  test.each([
    ['length and chunks', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a transfer encoding nobody knows', 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: h\r\nHost: other\r\nConnection: close\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n Transfer-Encoding: chunked\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: h\n\n'],
  ])('%s: 400, and nothing reaches the backend', async (_title, text) => {
    const seen = await recording();
    expect(await raw(text)).toMatch(/^HTTP\/1.1 400 /);
    expect(seen()).toBe('');
  });

  test('a GET with chunks arrives with chunks', async () => {
    const seen = await recording();
    await raw('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n');
    expect(seen().toLowerCase()).toContain('\r\ntransfer-encoding: chunked\r\n');
    expect(seen()).toMatch(/\r\n\r\n5\r\nGET \/\r\n0\r\n\r\n$/);
  });
});

describe('other protocols', () => {
  const hello = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n';

  test('bytes go both ways once the backend agrees', async () => {
    const backend = createServer(echo).on('upgrade', (incoming, socket: Socket) => {
      socket
        .on('error', () => undefined)
        .write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${incoming.headers.upgrade ?? ''}\r\n\r\n${incoming.url ?? ''}`,
        );
      socket.on('data', (data) => void (data.toString() === 'bye' ? socket.end('good bye') : socket.write(data)));
    });
    expose('web', await listening(backend));
    client.seed(refs.ingresses, ingress('a/web', { rules: [['h', '/', 'web:80']] }));
    await start();
    const socket = connect(server.httpPort, '127.0.0.1', () => socket.write(hello));
    let got = '';
    const ended = new Promise((resolve) => socket.on('close', resolve));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      got += chunk;
      if (got.endsWith('/ws')) socket.write('ping');
      if (got.endsWith('ping')) socket.write('bye');
    });
    await ended;
    expect(got).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n\/wspinggood bye$/);
  });

  test('a backend that does not agree answers as usual; HTTP/2 in clear is never agreed to', async () => {
    await behindH(echo);
    const answer = await raw(hello);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain('"url":"/ws"');
    const h2c = await raw(hello.replace('websocket', 'h2c').replace('Connection: Upgrade', 'Connection: Upgrade, HTTP2-Settings, close'));
    expect(h2c).toMatch(/^HTTP\/1.1 200 /);
    expect(h2c).not.toContain('h2c');
    expect(await raw(hello.replace('Host: h', 'Host: other'))).toMatch(/^HTTP\/1.1 404 /);
  });
});

describe('TLS', () => {
  async function nameShown(servername: string): Promise<string> {
    const socket = connectTls({ port: server.httpsPort, host: '127.0.0.1', servername, ca: authority.cert, rejectUnauthorized: false });
    await new Promise((resolve, reject) => socket.on('secureConnect', resolve).on('error', reject));
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  }

  test('each host shows its own certificate, others the fallback; a changed Secret is shown at once', async () => {
    client.seed(refs.secrets, tlsSecret('a/one', pairs.one));
    client.seed(
      refs.ingresses,
      ingress('a/web', {
        rules: [['one.example', '/', 'web:80']],
        tls: [
          { hosts: ['one.example'], secretName: 'one' },
          { hosts: ['*.wild.example'], secretName: 'missing' },
        ],
      }),
    );
    await behindH(echo);
    client.seed(
      refs.ingresses,
      ingress('a/web', {
        rules: [['one.example', '/', 'web:80']],
        tls: [
          { hosts: ['one.example'], secretName: 'one' },
          { hosts: ['*.wild.example'], secretName: 'missing' },
        ],
      }),
    );
    await eventually(async () => expect(await nameShown('one.example')).toBe('one.example'));
    expect([await nameShown('ONE.example'), await nameShown('other'), await nameShown('a.wild.example')]).toEqual([
      'one.example',
      'fallback',
      'fallback',
    ]);
    client.seed(refs.secrets, tlsSecret('a/one', pairs.two));
    client.seed(refs.secrets, tlsSecret('a/missing', { cert: 'no certificate', key: pairs.two.key }));
    await eventually(async () => expect(await nameShown('one.example')).toBe('two.example'));
    expect(await nameShown('a.wild.example')).toBe('fallback');
    await eventually(() => expect(logged).toContain('a/missing'));
    expect(logged).not.toContain('PRIVATE');
    expect(logged).not.toContain(pairs.two.key.split('\n')[1]);
  });

  test('the backend hears that the client came by TLS', async () => {
    await behindH(echo);
    const socket = connectTls({ port: server.httpsPort, host: '127.0.0.1', servername: 'h', rejectUnauthorized: false }, () =>
      socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'),
    );
    let got = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (got += chunk));
    await new Promise((resolve) => socket.on('close', resolve));
    expect(got).toContain('"x-forwarded-proto":"https"');
  });
});

describe('the cluster sees', () => {
  test('a default class, and where each Ingress of ours is served', async () => {
    client.seed(refs.nodes, {
      metadata: { name: 'n1', uid: 'n1' },
      status: {
        addresses: [
          { type: 'InternalIP', address: '192.0.2.1' },
          { type: 'InternalIP', address: '192.0.2.2' },
        ],
      },
    });
    client.seed(refs.ingresses, { ...ingress('a/other', { className: 'nginx', rules: [['h', '/', 'web:80']] }) });
    client.seed(refs.ingresses, {
      ...ingress('a/two', { rules: [['h', '/', 'web:80']] }),
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { ip: '203.0.113.9' }] } },
    });
    await behindH(echo);
    await eventually(() => {
      const shown = (key: string): unknown => client.peek(refs.ingresses, key)?.status?.loadBalancer?.ingress?.map(({ ip }) => ip);
      expect([shown('a/web'), shown('a/two'), shown('a/other')]).toEqual([['192.0.2.1'], ['192.0.2.1', '192.0.2.2'], undefined]);
    });
  });

  test('the class is made once', async () => {
    client = createFakeClient({ clock: new FakeClock() });
    await informers.stop();
    informers = createInformers({ client, clock: realClock, logger: silentLogger });
    await start();
    expect(client.peek(refs.ingressClasses, 'coracle')).toMatchObject({
      spec: { controller: 'coracle.io/ingress' },
    });
  });
});

describe('starting and stopping', () => {
  test('a port that is taken is said', async () => {
    const port = await listening(createTcpServer());
    await start();
    const options = { client, informers, clock: realClock, logger: silentLogger, httpsPort: 0, addresses: [], fallback: pairs.fallback };
    const other = createTcpServer();
    backends.push(other);
    await new Promise<void>((resolve) => other.listen(0, resolve));
    expect(port).toBeGreaterThan(0);
    await expect(startIngress({ ...options, httpPort: (other.address() as AddressInfo).port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('what is under way is finished, then all connections end', async () => {
    const answer = Promise.withResolvers<() => void>();
    await behindH((_incoming, response) => answer.resolve(() => void response.end('late')));
    const idle = connect(server.httpPort, '127.0.0.1');
    const idleEnded = new Promise((resolve) => idle.on('close', resolve));
    const pending = ask('/', { headers: { connection: 'keep-alive' } });
    const finish = await answer.promise;
    const stopped = server.stop();
    finish();
    expect(await pending).toMatchObject({ body: 'late', headers: { connection: 'close' } });
    await Promise.all([stopped, idleEnded]);
    await expect(raw('GET / HTTP/1.1\r\n\r\n')).rejects.toThrow('ECONNREFUSED');
  });
});

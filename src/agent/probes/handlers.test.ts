import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LifecycleHandler } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import type { ProcessSession, Runtime } from '../runtimes/runtime.ts';
import { t0, testSpec } from '../testing/pods.ts';
import { checkGrpc, decodeResponse, encodeRequest } from './grpc.ts';
import { runHook } from './hooks.ts';
import { probeHttp } from './http.ts';
import { resolvePort, runProbe, urlOf } from './probe.ts';
import { probeTcp } from './tcp.ts';

async function listening(server: Server | NetServer): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function close(server: Server | NetServer): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}

/** A runtime whose every command ends like this; `commands` is what it was asked for. */
function runtimeOf(parts: Partial<ProcessSession> | Error, commands: (readonly string[])[] = []): Runtime {
  const session: ProcessSession = {
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
    resize: async () => undefined,
    exited: Promise.resolve(0),
    close: async () => undefined,
    ...(parts instanceof Error ? {} : parts),
  };
  const exec = async (_id: string, command: readonly string[]): Promise<ProcessSession> => {
    commands.push(command);
    if (parts instanceof Error) throw parts;
    return session;
  };
  return { real: true, exec } as unknown as Runtime;
}

describe('HTTP', () => {
  const server = createServer((request, response) => {
    const { url = '', headers } = request;
    if (url === '/redirect') response.writeHead(302, { location: '/ok' });
    else if (url === '/loop') response.writeHead(302, { location: '/loop' });
    else if (url === '/away') response.writeHead(302, { location: 'http://elsewhere.example/' });
    else if (url === '/unmodified') response.writeHead(304);
    else if (url === '/headers') response.writeHead(headers.host === 'me' && headers['x-a'] === '1' ? 200 : 400);
    else if (url === '/accept') response.writeHead(headers.accept === undefined ? 200 : 406);
    else if (url === '/who') return void response.end(`${headers['user-agent']} ${headers.accept}`);
    else if (url === '/hang-up') return void request.socket.destroy();
    else if (url === '/slow') return;
    else response.writeHead(url === '/ok' ? 200 : 503);
    response.end(url === '/away' ? 'moved' : '');
  });
  let base = '';
  beforeAll(async () => void (base = `http://127.0.0.1:${await listening(server)}`));
  afterAll(async () => {
    server.closeAllConnections();
    await close(server);
  });
  const get = (path: string, headers: { name: string; value: string }[] = [], timeoutMs = 1000) =>
    probeHttp(`${base}${path}`, headers, { timeoutMs, agent: 'kube-probe/1.36' });

  test('statuses', async () => {
    expect(await get('/ok')).toEqual({ ok: true, output: '' });
    expect(await get('/no')).toEqual({ ok: false, output: 'HTTP probe failed with statuscode: 503' });
  });

  test('redirects are followed on the same host, ten at most; elsewhere they are a success with a warning', async () => {
    expect(await get('/redirect')).toEqual({ ok: true, output: '' });
    expect(await get('/loop')).toEqual({ ok: false, output: 'Get "/loop": stopped after 10 redirects' });
    expect(await get('/away')).toEqual({ ok: true, warning: true, output: 'Probe terminated redirects, Response body: moved' });
    expect(await get('/unmodified')).toMatchObject({ ok: true, warning: true });
  });

  test('headers: those of the probe go before the usual ones, an empty Accept takes it away', async () => {
    expect((await get('/who')).output).toBe('kube-probe/1.36 */*');
    expect((await get('/who', [{ name: 'User-Agent', value: 'me' }])).output).toBe('me */*');
    expect(await get('/headers', [{ name: 'Host', value: 'me' }, { name: 'X-A', value: '1' }])).toMatchObject({ ok: true }); // prettier-ignore
    expect(await get('/accept', [{ name: 'Accept', value: '' }])).toMatchObject({ ok: true });
  });

  test("what goes wrong is told in Go's words", async () => {
    expect((await get('/slow', [], 50)).output).toBe(
      `Get "${base}/slow": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
    expect((await get('/hang-up')).output).toBe(`Get "${base}/hang-up": EOF`);
    const secure = base.replace('http:', 'https:');
    expect((await probeHttp(secure, [], { timeoutMs: 1000, agent: '' })).output).toBe(
      `Get "${secure}": http: server gave HTTP response to HTTPS client`,
    );
    const gone = createServer();
    const port = await listening(gone);
    await close(gone);
    const refused = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
    expect((await probeHttp(`http://127.0.0.1:${port}/ok`, [], { timeoutMs: 1000, agent: '' })).output).toBe(
      `Get "http://127.0.0.1:${port}/ok": ${refused}`,
    );
    expect(await probeTcp('127.0.0.1', port, 1000)).toEqual({ ok: false, output: refused });
  });

  test('ports by name, hosts and schemes', async () => {
    const { container } = testSpec('web', 'main', { ports: [{ name: 'http', containerPort: 8080 }] });
    expect(resolvePort('http', container)).toBe(8080);
    expect(resolvePort('none', container)).toBeUndefined();
    expect(urlOf({ port: 'http', path: 'x', scheme: 'HTTPS' }, container, 'fd00::1')).toBe('https://[fd00::1]:8080/x');
    expect(urlOf({ port: 1, host: 'h' }, container, '10.0.0.1')).toBe('http://h:1/');
    const target = { runtime: runtimeOf({}), containerId: 'c', container, podIP: '127.0.0.1' };
    expect(await runProbe({ httpGet: { port: 'none' } }, target)).toEqual({
      ok: false,
      errored: true,
      output: "couldn't find port: none",
    });
  });

  describe('as a hook', () => {
    const hook = async (handler: LifecycleHandler, fellBack: string[] = []): Promise<string> =>
      runHook({
        handler,
        target: {
          runtime: runtimeOf({ exited: Promise.resolve(3) }),
          containerId: 'c',
          container: testSpec().container,
          podIP: '127.0.0.1',
        },
        timeoutMs: 1000,
        clock: new FakeClock(t0),
        fellBack: (message) => void fellBack.push(message),
      });
    const port = (): number => Number(new URL(base).port);

    test('any status will do', async () => {
      expect(await hook({ httpGet: { port: port(), path: '/no' } })).toBe('');
      expect(await hook({ httpGet: { port: 'none', path: '/no' } })).toBe("couldn't find port: none");
    });

    test('a server without TLS is asked again without', async () => {
      const fellBack: string[] = [];
      expect(await hook({ httpGet: { port: port(), path: '/ok', scheme: 'HTTPS' } }, fellBack)).toBe('');
      expect(fellBack).toEqual([`request to HTTPS lifecycle hook 127.0.0.1:${port()} got HTTP response, retry with HTTP succeeded`]);
    });

    test('a command that fails', async () => {
      expect(await hook({ exec: { command: ['a', 'b'] } })).toBe('Exec lifecycle hook (a b) for Container "web" failed: ');
    });
  });
});

describe('gRPC', () => {
  test('messages', () => {
    expect([...encodeRequest('ab')]).toEqual([0, 0, 0, 0, 4, 0x0a, 2, 97, 98]);
    expect(encodeRequest('')).toHaveLength(5);
    expect(decodeResponse(Buffer.from([0, 0, 0, 0, 2, 8, 1]))).toBe('SERVING');
    expect(decodeResponse(Buffer.from([0, 0, 0, 0, 0]))).toBe('UNKNOWN');
  });

  async function serve(answer: (stream: ServerHttp2Stream) => void) {
    const server = createHttp2();
    const asked: string[] = [];
    server.on('stream', (stream) => {
      stream.on('data', (chunk: Buffer) => void asked.push(chunk.subarray(7).toString()));
      answer(stream);
    });
    const port = await listening(server);
    const check = (timeoutMs = 2000) => checkGrpc({ host: '127.0.0.1', port, service: 'svc', timeoutMs });
    return { asked, check, port, stop: () => close(server) };
  }
  const health = (status: number) => (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
  };
  const refusal = (code: string, message: string) => (stream: ServerHttp2Stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': code, 'grpc-message': message },
      { endStream: true },
    );
  };

  test('a server that serves is asked for the service', async () => {
    const { check, asked, stop } = await serve(health(1));
    expect(await check()).toMatchObject({ ok: true });
    expect(asked).toEqual(['svc']);
    await stop();
  });

  test.each([
    ['does not serve', health(2), 'service unhealthy (responded with "NOT_SERVING")'],
    [
      'does not know the service',
      refusal('5', 'unknown%20service'),
      'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
    ],
    [
      'has no health service',
      refusal('12', 'x'),
      'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): x',
    ],
    ['does not answer', () => undefined, 'timeout: health rpc did not complete within 0.2s'],
  ] as const)('a server that %s', async (_name, answer, output) => {
    const { check, stop } = await serve(answer);
    expect(await check(200)).toEqual({ ok: false, output });
    await stop();
  });

  test('a server that is not there', async () => {
    const { check, port, stop } = await serve(health(1));
    await stop();
    expect((await check(100)).output).toBe(`timeout: failed to connect service "127.0.0.1:${port}" within 0.1s: context deadline exceeded`);
  });
});

test('a host that makes no sense is found out as nothing, and nobody suffers from it', async () => {
  const target = { runtime: { real: true } as Runtime, containerId: 'c', container: testSpec().container, podIP: '1.2.3.4' };
  expect(await runProbe({ httpGet: { port: 80, host: 'a b' } }, target)).toMatchObject({ ok: false, errored: true });
});

describe('exec', () => {
  const run = (parts: Partial<ProcessSession> | Error, commands: (readonly string[])[] = []) =>
    runProbe(
      { exec: { command: ['a', '$(B) $(C)'] }, timeoutSeconds: 0.05 },
      {
        runtime: runtimeOf(parts, commands),
        containerId: 'c',
        container: testSpec('web', 'main', { env: [{ name: 'B', value: 'b' }] }).container,
        podIP: '',
      },
    );

  test('the exit code tells; only variables with a value of their own are known', async () => {
    const commands: (readonly string[])[] = [];
    expect(await run({}, commands)).toMatchObject({ ok: true });
    expect(commands).toEqual([['a', 'b $(C)']]);
    expect(await run({ exited: Promise.resolve(1) })).toEqual({ ok: false, output: '' });
  });

  test('a command that takes too long is ended', async () => {
    let closed = false;
    const end = async () => void (closed = true);
    expect(await run({ exited: new Promise(() => undefined), close: end })).toEqual({
      ok: false,
      output: 'command timed out: "a b $(C)" timed out after 0.05s',
    });
    expect(closed).toBe(true);
  });

  test('a runtime that cannot run it is asked three times, and nothing is found out', async () => {
    const commands: (readonly string[])[] = [];
    expect(await run(new Error('no such container'), commands)).toEqual({ ok: false, errored: true, output: 'no such container' });
    expect(commands).toHaveLength(3);
  });
});

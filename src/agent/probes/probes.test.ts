import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { ProcessSession, Runtime } from '../runtimes/runtime.ts';
import { t0, testSpec } from '../testing/pods.ts';
import { startContainerProbes } from './container-probes.ts';
import { checkGrpc, decodeResponse, encodeRequest } from './grpc.ts';
import { probeHttp } from './http.ts';
import { resolvePort, runProbe, urlOf } from './probe.ts';
import { startProber } from './prober.ts';
import { probeTcp } from './tcp.ts';

async function listening(server: Server | NetServer): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('one probe over time', () => {
  function setUp(probe: object, results: boolean[]) {
    const clock = new FakeClock(t0);
    const tries: number[] = [];
    const decided: string[] = [];
    const prober = startProber({
      probe: { periodSeconds: 10, failureThreshold: 3, successThreshold: 1, ...probe },
      clock,
      startedAt: t0,
      attempt: async () => {
        tries.push((clock.now() - t0) / 1000);
        return { ok: results.shift() ?? true, output: '' };
      },
      failed: () => undefined,
      decided: (ok) => void decided.push(`${(clock.now() - t0) / 1000}:${ok}`),
    });
    return { clock, tries, decided, prober };
  }

  test('is tried right after the start, then every period', async () => {
    const { clock, tries, decided } = setUp({}, []);
    await clock.advance(20_000);
    expect(tries).toEqual([0, 10, 20]);
    expect(decided).toEqual(['0:true']);
  });

  test('waits for the initial delay, counted from the start of the container', async () => {
    const { clock, tries } = setUp({ initialDelaySeconds: 5, periodSeconds: 1 }, []);
    await clock.advance(7000);
    expect(tries).toEqual([5, 6, 7]);
  });

  test('fails and succeeds only when its thresholds are reached in a row', async () => {
    const { clock, decided } = setUp({ periodSeconds: 1, successThreshold: 2 }, [false, false, true, false, false, false, true, true]);
    await clock.advance(8000);
    expect(decided).toEqual(['5:false', '7:true']);
  });

  test('ends when it is stopped', async () => {
    const { clock, tries, prober } = setUp({}, []);
    await clock.advance(0);
    await prober.stop();
    await clock.advance(60_000);
    expect(tries).toEqual([0]);
  });
});

test('liveness and readiness wait for the startup probe', async () => {
  const clock = new FakeClock(t0);
  const results: string[] = [];
  const probe = { tcpSocket: { port: 1 }, periodSeconds: 1 };
  const { container } = testSpec('web', 'main', { startupProbe: probe, livenessProbe: probe, readinessProbe: probe });
  const target = { runtime: { real: false } as Runtime, containerId: 'c', container, podIP: '' };
  const options = {
    target,
    startedAt: t0,
    clock,
    failed: () => undefined,
    result: (kind: string, ok: boolean) => void results.push(`${kind} ${ok}`),
  };
  const probes = startContainerProbes({ ...options, alreadyStarted: false });
  await clock.advance(0);
  await clock.advance(0);
  await probes.stop();
  expect(results).toEqual(['startup true', 'liveness true', 'readiness true']);
});

describe('HTTP', () => {
  const server = createServer((request, response) => {
    const { url = '' } = request;
    if (url === '/redirect') response.writeHead(302, { location: '/ok' });
    else if (url === '/away') response.writeHead(302, { location: 'http://elsewhere.example/' });
    else if (url === '/headers') response.writeHead(request.headers.host === 'me' && request.headers['x-a'] === '1' ? 200 : 400);
    else if (url === '/slow') return;
    else response.writeHead(url === '/ok' ? 200 : 503);
    response.end();
  });

  test('statuses, redirects, headers, time-outs', async () => {
    const base = `http://127.0.0.1:${await listening(server)}`;
    const headers = [{ name: 'Host', value: 'me' }, { name: 'X-A', value: '1' }]; // prettier-ignore
    expect(await probeHttp(`${base}/ok`, [], 1000)).toEqual({ ok: true, output: '' });
    expect(await probeHttp(`${base}/redirect`, [], 1000)).toMatchObject({ ok: true });
    expect(await probeHttp(`${base}/away`, [], 1000)).toMatchObject({ ok: true });
    expect(await probeHttp(`${base}/headers`, headers, 1000)).toMatchObject({ ok: true });
    expect(await probeHttp(`${base}/no`, [], 1000)).toEqual({ ok: false, output: 'HTTP probe failed with statuscode: 503' });
    expect((await probeHttp(`${base}/slow`, [], 50)).output).toBe(
      `Get "${base}/slow": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const { host } = new URL(base);
    expect((await probeHttp(`${base}/ok`, [], 1000)).output).toBe(`Get "${base}/ok": dial tcp ${host}: connect: connection refused`);
    expect(await probeTcp('127.0.0.1', Number(host.split(':')[1]), 1000)).toEqual({
      ok: false,
      output: `dial tcp ${host}: connect: connection refused`,
    });
  });

  test('ports by name, hosts and schemes', () => {
    const { container } = testSpec('web', 'main', { ports: [{ name: 'http', containerPort: 8080 }] });
    expect(resolvePort('http', container)).toBe(8080);
    expect(resolvePort('none', container)).toBeUndefined();
    expect(urlOf({ port: 'http', path: 'x', scheme: 'HTTPS' }, container, 'fd00::1')).toBe('https://[fd00::1]:8080/x');
    expect(urlOf({ port: 1, host: 'h' }, container, '10.0.0.1')).toBe('http://h:1/');
  });
});

describe('gRPC', () => {
  test('messages', () => {
    expect([...encodeRequest('ab')]).toEqual([0, 0, 0, 0, 4, 0x0a, 2, 97, 98]);
    expect(encodeRequest('')).toHaveLength(5);
    expect(decodeResponse(Buffer.from([0, 0, 0, 0, 2, 8, 1]))).toBe('SERVING');
    expect(decodeResponse(Buffer.from([0, 0, 0, 0, 0]))).toBe('UNKNOWN');
  });

  test('a server that serves, one that does not', async () => {
    const server = createHttp2();
    let status = 1;
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
    });
    const port = await listening(server);
    const check = () => checkGrpc({ host: '127.0.0.1', port, service: '', timeoutMs: 2000 });
    expect(await check()).toEqual({ ok: true, output: '' });
    status = 2;
    expect(await check()).toEqual({ ok: false, output: 'service unhealthy (responded with "NOT_SERVING")' });
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('exec', () => {
  const session = (parts: Partial<ProcessSession>): ProcessSession => ({
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
    resize: async () => undefined,
    exited: Promise.resolve(0),
    close: async () => undefined,
    ...parts,
  });
  const run = (parts: Partial<ProcessSession>) => {
    const runtime = { real: true, exec: async () => session(parts) } as unknown as Runtime;
    return runProbe(
      { exec: { command: ['a', 'b'] }, timeoutSeconds: 0.05 },
      { runtime, containerId: 'c', container: testSpec().container, podIP: '' },
    );
  };
  test('the exit code tells', async () => {
    expect(await run({})).toMatchObject({ ok: true });
    expect(await run({ exited: Promise.resolve(1) })).toMatchObject({ ok: false });
  });
  test('a command that takes too long is ended', async () => {
    let closed = false;
    const close = async () => void (closed = true);
    expect(await run({ exited: new Promise(() => undefined), close })).toEqual({
      ok: false,
      output: 'command timed out: "a b" timed out after 0.05s',
    });
    expect(closed).toBe(true);
  });
});

/** What the server does under load and with requests that are no good: real connections, as clients would. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { refs } from '../client/refs.ts';
import { startTestServer, testToken, type TestServer } from './testing/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.client.resource(refs.namespaces).create('', { metadata: { name: 'default' }, spec: {} });
});
afterAll(() => server.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';

interface Said {
  readonly text: string;
  readonly closed: boolean;
}

/** Sends bytes as they are; what came back when the connection closed, or when nothing came for a while. */
function raw(chunks: readonly (string | Buffer)[], quietMs = 300): Promise<Said> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: server.api.port, ca: server.ca.cert });
    let text = '';
    let finished = false;
    const done = (closed: boolean): void => {
      if (finished) return;
      finished = true;
      socket.destroy();
      resolve({ text, closed });
    };
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.once('close', () => done(true)).once('error', () => done(true));
    socket.setTimeout(quietMs, () => done(false));
    for (const chunk of chunks) socket.write(chunk);
  });
}

const head = (line: string, headers: Record<string, string | number> = {}): string =>
  [
    `${line} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${testToken}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`),
    '',
    '',
  ].join('\r\n');

describe('bad HTTP', () => {
  test.each([
    ['no HTTP at all', 'NONSENSE\r\n\r\n', '400 Bad Request'],
    ['an old version', 'GET /version\r\n\r\n', '400 Bad Request'],
    [
      'a version that is another protocol',
      'GET / HTTP/2.0\r\nHost: x\r\n\r\n',
      '505 HTTP Version Not Supported: unsupported protocol version',
    ],
    ['another version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', '505 HTTP Version Not Supported: unsupported protocol version'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', '400 Bad Request: missing required Host header'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nfoo bar\r\n\r\n', '400 Bad Request'],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n', '400 Bad Request'],
    ['an escape that is none', head('GET /api/v1/namespaces/%zz'), '400 Bad Request'],
    ['a path of a megabyte', head(`GET /${'a'.repeat(1_100_000)}`), '431 Request Header Fields Too Large'],
    ['headers of a megabyte', head('GET /version', { 'X-Long': 'a'.repeat(1_100_000) }), '431 Request Header Fields Too Large'],
  ])('%s', async (_what, bytes, status) => {
    const said = await raw([bytes], 2000);
    expect(said.closed).toBe(true);
    expect(said.text.split('\r\n').slice(0, 3)).toEqual([
      `HTTP/1.1 ${status}`,
      'Content-Type: text/plain; charset=utf-8',
      'Connection: close',
    ]);
    expect(said.text).toMatch(new RegExp(`\\r\\n\\r\\n${status}$`));
  });

  test('a large request behind a large answer that is still being read', async () => {
    const data = { a: 'x'.repeat(400_000) };
    await server.ask(configMaps, { method: 'POST', body: { metadata: { name: 'behind' }, data } });
    const body = JSON.stringify({ metadata: { name: 'behind' }, data });
    const type = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const one = `${head(`GET ${configMaps}/behind`)}${head(`PUT ${configMaps}/behind`, type)}${body}`;
    const said = await raw([one.repeat(20)], 2000);
    expect(said.text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(40);
    expect(said.closed).toBe(false);
  });

  test('what is no TLS is cut, and others go on', async () => {
    const { createConnection } = await import('node:net');
    await new Promise((resolve) => {
      const socket = createConnection(server.api.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(50)));
      socket.on('error', resolve).on('close', resolve);
    });
    expect((await server.ask('/metrics')).text).toMatch(/^apiserver_tls_handshake_errors_total [1-9]/m);
  });

  test('requests may come before the answers: they are answered in order', async () => {
    const { text } = await raw([head('GET /version') + head('GET /api/v1/namespaces/default') + head('GET /readyz')]);
    const parts = ['"gitVersion"', '"kind":"Namespace"', '\r\n\r\nok'].map((part) => text.indexOf(part));
    expect(parts.every((at) => at > 0)).toBe(true);
    expect([...parts].sort((a, b) => a - b)).toEqual(parts);
  });

  test('pairs of the query that are none are left out, as Go does', async () => {
    expect((await server.ask(`${configMaps}?limit=%zz&;;&watch;=1`)).code).toBe(200);
  });
});

describe('bodies', () => {
  test('more than three megabytes are refused before they are read', async () => {
    const early = await raw(
      [head(`POST ${configMaps}`, { 'Content-Type': 'application/json', 'Content-Length': 200 * 2 ** 20 }), '{"a'],
      2000,
    );
    expect(early.text).toMatch(/^HTTP\/1.1 413 Request Entity Too Large\r\n/);
    expect(early.text).toContain('"message":"Request entity too large: limit is 3145728","reason":"RequestEntityTooLarge","code":413}');
    expect(early.closed).toBe(true);
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
    const chunked = await raw(
      [head(`POST ${configMaps}`, { 'Transfer-Encoding': 'chunked' }), ...Array.from({ length: 8 }, () => chunk)],
      2000,
    );
    expect(chunked.text).toMatch(/^HTTP\/1.1 413 /);
    expect(chunked.closed).toBe(true);
  });

  test('clients that go away in the middle leave nothing behind', async () => {
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const part = 'x'.repeat(100_000);
          await raw([head(`POST ${configMaps}`, { 'Content-Type': 'application/json', 'Content-Length': 3_000_000 }), part], 5);
        }),
      );
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
    const { text } = await server.ask('/metrics');
    expect(text).toMatch(/^apiserver_flowcontrol_current_executing_requests\{flow_schema="exempt",priority_level="exempt"\} 1$/m);
  }, 60_000);

  test('objects nested without end', async () => {
    const deep = `{"data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    await server.ask(configMaps, { method: 'POST', body: { metadata: { name: 'deep' } } });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const answer = await server.ask(`${configMaps}/deep`, { method: 'PATCH', headers, body: deep });
    expect(answer).toMatchObject({ code: 400, body: { message: 'exceeded max depth' } });
  });
});

describe('deadlines', () => {
  test('a request that takes longer than its client says is answered with 504 and cut off', async () => {
    const slow = head(`POST ${configMaps}?timeout=100ms`, { 'Content-Type': 'application/json', 'Content-Length': 100 });
    const said = await raw([slow, '{"a'], 2000);
    expect(said.text).toMatch(/^HTTP\/1.1 504 Gateway Timeout\r\n/);
    const status = {
      metadata: {},
      status: 'Failure',
      message: 'Timeout: request did not complete within the allotted timeout',
      reason: 'Timeout',
      details: {},
      code: 504,
    };
    expect(said.text.split('\r\n\r\n')[1]).toBe(`${JSON.stringify(status)}\n`);
    expect(said.closed).toBe(true);
  });

  test.each([
    ['abc', 'time: invalid duration "abc"'],
    ['5', 'time: missing unit in duration "5"'],
  ])('timeout=%s is refused', async (text, why) => {
    const { code, body } = await server.ask(`${configMaps}?timeout=${text}`);
    expect({ code, message: body?.['message'] }).toEqual({ code: 400, message: `invalid timeout specified in the request URL - ${why}` });
  });

  test('a watch has none', async () => {
    const stream = await server.open(`${configMaps}?watch=1&timeout=1ms&timeoutSeconds=1`);
    expect(stream.statusCode).toBe(200);
    stream.destroy();
  });
});

describe('a flood', () => {
  const users = (name: string): Record<string, string> => ({ authorization: `Bearer ${testToken}`, 'impersonate-user': name });

  /** Sends a burst again and again, each when the last has been answered. */
  class Flooder {
    readonly codes = new Map<string, number>();
    readonly #socket = connect({ host: '127.0.0.1', port: server.api.port, ca: server.ca.cert });

    constructor(burst: string, size: number) {
      let answers = 0;
      this.#socket.setEncoding('latin1').on('data', (part: string) => {
        for (const [, code = ''] of part.matchAll(/HTTP\/1\.1 (\d+) /g)) {
          this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
          answers++;
        }
        if (answers < size) return;
        answers = 0;
        this.#socket.write(burst);
      });
      this.#socket.on('error', () => undefined);
      this.#socket.write(burst);
    }

    stop(): void {
      this.#socket.destroy();
    }
  }

  /** Milliseconds until the answer, and its code. */
  function timed(
    agent: Agent,
    path: string,
    headers: Record<string, string>,
  ): Promise<{ code: number; ms: number; retryAfter: string | undefined }> {
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request({ agent, host: '127.0.0.1', port: server.api.port, ca: server.ca.cert, path, headers }, (answer) => {
        answer
          .resume()
          .once('end', () =>
            resolve({ code: answer.statusCode ?? 0, ms: performance.now() - started, retryAfter: answer.headers['retry-after'] }),
          );
      });
      sent.once('error', reject);
      sent.end();
    });
  }

  test('of one user does not hold up others, nor what is exempt', async () => {
    const maps = server.client.resource(refs.configMaps);
    await Promise.all(
      Array.from({ length: 3 }, (_, at) =>
        maps.create('default', { metadata: { name: `flood-${String(at)}` }, data: { a: 'x'.repeat(500) } }),
      ),
    );
    // Requests before the answers: more at once than seats and queues hold.
    const burst = head(`GET ${configMaps}/flood-0`, { 'Impersonate-User': 'flooder' }).repeat(12);
    const flooders = Array.from({ length: 64 }, () => new Flooder(burst, 12));
    const others = new Agent({ keepAlive: true, maxSockets: 1 });
    const measured = { quiet: [] as number[], admin: [] as number[] };
    for (let round = 0; round < 15; round++) {
      const quiet = await timed(others, `${configMaps}/flood-1`, users('quiet'));
      expect(quiet.code).toBe(200);
      measured.quiet.push(quiet.ms);
      const admin = await timed(others, `${configMaps}/flood-2`, { authorization: `Bearer ${testToken}` });
      expect(admin.code).toBe(200);
      measured.admin.push(admin.ms);
    }
    const codes = new Map<string, number>();
    for (const flooder of flooders) {
      flooder.stop();
      for (const [code, count] of flooder.codes) codes.set(code, (codes.get(code) ?? 0) + count);
    }
    others.destroy();
    const p = (values: number[], share: number): number => values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
    expect(codes.get('200')).toBeGreaterThan(0);
    // A wide margin: this runs beside other tests, in one process with the clients.
    expect(p(measured.quiet, 0.5)).toBeLessThan(500);
    expect(p(measured.admin, 0.5)).toBeLessThan(500);
  }, 120_000);

  test('that goes on is refused: who is refused is told when to come back, in plain text', async () => {
    const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
    const queuing = { queues: 1, handSize: 1, queueLengthLimit: 1 };
    const limited = { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: 'Queue', queuing } };
    await server.ask(`${group}/prioritylevelconfigurations`, {
      method: 'POST',
      body: { metadata: { name: 'tiny' }, spec: { type: 'Limited', limited } },
    });
    const rules = [
      {
        subjects: [{ kind: 'User', user: { name: 'again' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
      },
    ];
    const spec = { matchingPrecedence: 50, priorityLevelConfiguration: { name: 'tiny' }, rules };
    await server.ask(`${group}/flowschemas`, { method: 'POST', body: { metadata: { name: 'tiny' }, spec } });
    for (;;) {
      const { body } = await server.ask(`${group}/flowschemas/tiny`);
      if ((body as { status: { conditions?: unknown } }).status.conditions !== undefined) break;
    }
    // Bodies that never end hold the seats: three, and one waits.
    const half = head(`POST ${configMaps}`, { 'Impersonate-User': 'again', 'Content-Type': 'application/json', 'Content-Length': 10 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => raw([half, '{'], 1000)));
    const refused = answers.map(({ text }) => text).filter((text) => text !== '');
    expect(refused.length).toBeGreaterThanOrEqual(6);
    const [lines = '', text] = refused[0]?.split('\r\n\r\n') ?? [];
    expect(text).toBe('Too many requests, please try again later.\n');
    expect(lines).toMatch(/^HTTP\/1.1 429 Too Many Requests\r$/m);
    expect(lines).toMatch(/^Retry-After: \d+\r$/m);
    expect(lines).toMatch(/^Content-Type: text\/plain; charset=utf-8\r$/m);
    expect(lines).toMatch(/^X-Kubernetes-Pf-Flowschema-Uid: [0-9a-f-]{36}\r$/m);
    expect(lines).toMatch(/^X-Kubernetes-Pf-Prioritylevel-Uid: [0-9a-f-]{36}\r?$/m);
    expect((await server.ask(configMaps)).code).toBe(200);
  }, 60_000);
});

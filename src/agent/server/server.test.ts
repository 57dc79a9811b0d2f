import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { FakeClock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { ContainerRecord } from '../pods/record.ts';
import type { ProcessSession } from '../runtimes/runtime.ts';
import { exited, t0, testContainer, testSpec } from '../testing/pods.ts';
import { actionOf, createAuthorizer, createTokenAuthenticator } from './authorizer.ts';
import type { CommandStatus, CommandStreams } from './command-streams.ts';
import { exitStatus } from './command-streams.ts';
import { webSocketStreams } from './command-websocket.ts';
import { commandOptions, joinProcess } from './commands.ts';
import { logContainer, logQuery } from './logs.ts';
import { health, serveSystemLogs } from './system-routes.ts';
import { chooseProtocol } from './websocket.ts';

const all = { stdin: true, stdout: true, stderr: true, tty: false };
const text = async (stream: Readable): Promise<string> => Buffer.concat(await stream.toArray()).toString();

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly sent: string[] = [];
  closed: number | undefined;
  paused = 0;
  readonly protocol: string;
  constructor(protocol: string) {
    super();
    this.protocol = protocol;
  }
  send(data: Buffer | string, done: () => void): void {
    this.sent.push(typeof data === 'string' ? data : `${data[0] ?? ''}:${data.toString('utf8', 1)}`);
    done();
  }
  close(code: number): void {
    this.closed = code;
  }
  pause(): void {
    this.paused += 1;
  }
  resume(): void {
    this.paused -= 1;
  }
}

describe('exec over a WebSocket', () => {
  const open = (protocol: string) => {
    const socket = new FakeSocket(protocol);
    return { socket, streams: webSocketStreams(socket as unknown as WebSocket, all) };
  };

  test('v5: channels, resize, end of input, status', async () => {
    const { socket, streams } = open('v5.channel.k8s.io');
    const sizes: unknown[] = [];
    streams.onResize((size) => sizes.push(size));
    socket.emit('message', Buffer.from('\0in'));
    socket.emit('message', Buffer.from('\x04{"Width":80,"Height":24}'));
    socket.emit('message', Buffer.from([255, 0]));
    streams.stdout?.write('out');
    streams.stderr?.write('err');
    await streams.finish(exitStatus(3));
    expect(await text(streams.stdin as Readable)).toBe('in');
    expect(sizes).toEqual([{ Width: 80, Height: 24 }]);
    expect(socket.sent.slice(0, 2)).toEqual(['1:out', '2:err']);
    expect(JSON.parse(socket.sent[2]?.slice(2) ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
    expect(socket.closed).toBe(1000);
  });

  test('a client is not read while the process does not take its input', () => {
    const { socket, streams } = open('v5.channel.k8s.io');
    const stdin = streams.stdin as PassThrough;
    while (socket.paused === 0) socket.emit('message', Buffer.alloc(16_384));
    expect(stdin.writableLength).toBeLessThan(100_000);
    stdin.resume();
    return new Promise<void>((resolve) => stdin.once('drain', resolve)).then(() => expect(socket.paused).toBe(0));
  });

  test('v4 begins with an empty message; success is said', async () => {
    const { socket, streams } = open('v4.channel.k8s.io');
    await streams.finish(exitStatus(0));
    expect(socket.sent).toEqual(['1:', '3:{"metadata":{},"status":"Success"}']);
  });

  test('base64 carries text', () => {
    const { socket, streams } = open('base64.channel.k8s.io');
    socket.emit('message', Buffer.from(`0${Buffer.from('in').toString('base64')}`));
    streams.stdout?.write('out');
    expect(String((streams.stdin as Readable).read())).toBe('in');
    expect(socket.sent.at(-1)).toBe(`1${Buffer.from('out').toString('base64')}`);
  });

  test('the first protocol both know', () => {
    const request = (names?: string) => ({ headers: names === undefined ? {} : { 'sec-websocket-protocol': names } }) as never;
    expect(chooseProtocol(request('x, b, a'), ['a', 'b'])).toBe('b');
    expect(chooseProtocol(request('x'), ['a'])).toBeUndefined();
    expect(chooseProtocol(request(), ['a'])).toBe('');
  });
});

describe('a client and a process', () => {
  function client() {
    const gone = Promise.withResolvers<undefined>();
    const finished: CommandStatus[] = [];
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const streams: CommandStreams = {
      stdin,
      stdout,
      stderr: undefined,
      onResize: () => undefined,
      gone: gone.promise,
      finish: async (status) => void finished.push(status),
    };
    return { streams, stdin, stdout, finished, leave: () => gone.resolve(undefined) };
  }
  function program() {
    const exit = Promise.withResolvers<number>();
    const closes: string[] = [];
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const session: ProcessSession = {
      stdin: stdin,
      stdout,
      stderr: undefined,
      resize: async () => undefined,
      exited: exit.promise,
      close: async () => void closes.push('closed'),
    };
    return { session, stdin, stdout, exit: exit.resolve, closes };
  }

  test('all output arrives before the status', async () => {
    const [one, other] = [client(), program()];
    const joined = joinProcess(one.streams, async () => other.session);
    one.stdin.end('question');
    expect(await text(other.stdin)).toBe('question');
    other.stdout.end('answer');
    other.exit(0);
    await joined;
    expect(String(one.stdout.read())).toBe('answer');
    expect(one.finished).toEqual([{ metadata: {}, status: 'Success' }]);
  });

  test('a client that takes its time has everything before the status', async () => {
    const [one, other] = [client(), program()];
    const order: string[] = [];
    const slow = new Writable({
      write: (chunk: Buffer, _encoding, done) => void setImmediate(() => (order.push(String(chunk)), done())),
    });
    const streams: CommandStreams = { ...one.streams, stdout: slow, finish: async () => void order.push('status') };
    const joined = joinProcess(streams, async () => other.session);
    for (const chunk of ['a', 'b', 'c']) other.stdout.write(chunk);
    other.stdout.end();
    other.exit(0);
    await joined;
    expect(order).toEqual(['a', 'b', 'c', 'status']);
  });

  test('when the client goes, the process is let go', async () => {
    const [one, other] = [client(), program()];
    const joined = joinProcess(one.streams, async () => other.session);
    one.leave();
    await joined;
    expect(other.closes).toEqual(['closed']);
    expect(one.finished).toEqual([]);
  });

  test('a process that cannot be started is told', async () => {
    const one = client();
    await joinProcess(one.streams, () => Promise.reject(new Error('no shell')));
    expect(one.finished).toMatchObject([{ status: 'Failure', reason: 'InternalError', message: 'Internal error occurred: no shell' }]);
  });

  test.each([
    ['input=1&output=1&error=1', { stdin: true, stdout: true, stderr: true, tty: false }],
    ['output=1&error=1&tty=1', { stdin: false, stdout: true, stderr: false, tty: true }],
    ['tty=1', undefined],
  ])('options %s', (query, expected) => {
    expect(commandOptions(new URLSearchParams(query))).toEqual(expected);
  });
});

describe('logs', () => {
  test('parameters', () => {
    expect(logQuery(new URLSearchParams('follow=true&tailLines=5&sinceSeconds=10&limitBytes=3&stream=Stderr&timestamps=true'), t0)).toEqual({
      follow: true, previous: false, timestamps: true, tailLines: 5, since: t0 - 10_000, limitBytes: 3, streams: 'stderr',
    }); // prettier-ignore
    expect(() => logQuery(new URLSearchParams('tailLines=-1'), t0)).toThrow();
  });

  const record = (parts: Partial<ContainerRecord>): ContainerRecord =>
    Object.assign(new ContainerRecord(testSpec(), new FakeClock()), parts);
  test('of the running container and of the one before', () => {
    const both = record({ current: testContainer({ id: 'new' }), previous: exited(1, { id: 'old' }) });
    expect(logContainer(both, 'p', false)).toBe('new');
    expect(logContainer(both, 'p', true)).toBe('old');
    const crashed = record({ current: exited(1, { id: 'dead' }), waiting: { reason: 'CrashLoopBackOff', message: '' } });
    expect([logContainer(crashed, 'p', false), logContainer(crashed, 'p', true)]).toEqual(['dead', 'dead']);
  });
  test('of none', () => {
    expect(() => logContainer(record({}), 'p', false)).toThrow('container "web" in pod "p" is waiting to start: ContainerCreating');
    expect(() => logContainer(record({ current: testContainer() }), 'p', true)).toThrow(
      'previous terminated container "web" in pod "p" not found',
    );
  });
});

describe('who may', () => {
  test.each([
    ['GET', '/stats/summary', { verb: 'get', subresources: ['stats'] }],
    ['POST', '/exec/ns/p/c', { verb: 'create', subresources: ['proxy'] }],
    ['GET', '/pods', { verb: 'get', subresources: ['pods', 'proxy'] }],
    ['GET', '/healthz/ping', { verb: 'get', subresources: ['healthz', 'proxy'] }],
    ['GET', '/logs/', { verb: 'get', subresources: ['log'] }],
  ])('%s %s', (method, path, action) => {
    expect(actionOf(method, path)).toEqual(action);
  });

  /** Answers reviews as told, remembers them. */
  function reviewer(status: (spec: Record<string, unknown>) => object) {
    const asked: unknown[] = [];
    const create = async (_namespace: string, { spec }: { spec: Record<string, unknown> }) => (asked.push(spec), { status: status(spec) });
    return { asked, client: { resource: () => ({ create }) } as unknown as Client };
  }
  const action = { verb: 'get', subresources: ['pods', 'proxy'] };

  test('masters always', async () => {
    const { client, asked } = reviewer(() => ({}));
    expect(await createAuthorizer(client, 'n1', new FakeClock())({ user: 'root', groups: ['system:masters'] }, action)).toBe(true);
    expect(asked).toEqual([]);
  });

  test('others when the API server lets them do one of the things; asked once', async () => {
    const { client, asked } = reviewer((spec) => ({
      allowed: (spec['resourceAttributes'] as { subresource: string }).subresource === 'proxy',
    }));
    const clock = new FakeClock();
    const authorize = createAuthorizer(client, 'n1', clock);
    const caller = { user: 'u', groups: ['g'] };
    expect(await authorize(caller, action)).toBe(true);
    expect(await authorize(caller, action)).toBe(true);
    expect(asked).toEqual(
      ['pods', 'proxy'].map((subresource) => ({
        ...caller,
        resourceAttributes: { verb: 'get', version: 'v1', resource: 'nodes', subresource, name: 'n1' },
      })),
    );
    // A refusal is asked about again sooner than a permission.
    await clock.advance(31_000);
    await authorize(caller, action);
    expect(asked).toHaveLength(3);
  });

  test('a token is reviewed once, and again after two minutes', async () => {
    const { client, asked } = reviewer(({ token }) =>
      token === 'good' ? { authenticated: true, user: { username: 'system:serviceaccount:ns:a', groups: ['g'], uid: '1' } } : {},
    );
    const clock = new FakeClock();
    const authenticate = createTokenAuthenticator(client, clock);
    expect(await authenticate('good')).toEqual({ user: 'system:serviceaccount:ns:a', groups: ['g'], uid: '1' });
    expect(await authenticate('good')).toBeDefined();
    expect(await authenticate('bad')).toBeUndefined();
    expect(asked).toEqual([{ token: 'good' }, { token: 'bad' }]);
    await clock.advance(121_000);
    await authenticate('good');
    expect(asked).toHaveLength(3);
  });
});

describe('what the kubelet says of itself', () => {
  const fine = { name: 'ping', check: () => undefined };
  const broken = { name: 'syncloop', check: () => Promise.reject(new Error('it hangs')) };
  const query = (text = ''): URLSearchParams => new URLSearchParams(text);
  test('health', async () => {
    expect(await health([fine], [], query())).toBe('ok');
    expect(await health([fine], [], query('verbose'))).toBe('[+]ping ok\nhealthz check passed\n');
    expect(await health([fine, broken], [], query('exclude=syncloop&verbose'))).toContain('[+]syncloop excluded: ok');
    await expect(health([fine, broken], [], query())).rejects.toThrow(
      '[+]ping ok\n[-]syncloop failed: reason withheld\nhealthz check failed',
    );
    await expect(health([fine, broken], ['syncloop'], query())).rejects.toThrow('internal server error: it hangs');
    await expect(health([fine], ['nope'], query())).rejects.toThrow('404: Page Not Found');
  });
  test('files of logs, and nothing beside them', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'coracle-logs-'));
    try {
      mkdirSync(join(dir, 'pods'));
      writeFileSync(join(dir, 'a&b.log'), 'hello\n');
      symlinkSync('/etc/passwd', join(dir, 'link'));
      const ask = async (...path: string[]): Promise<string> => {
        const response = new PassThrough();
        await serveSystemLogs(Object.assign(response, { writeHead: () => response }) as never, path, dir);
        return text(response);
      };
      expect(await ask('')).toContain('<a href="a&b.log">a&amp;b.log</a>\n<a href="link">link</a>\n<a href="pods/">pods/</a>\n</pre>');
      expect(await ask('a&b.log')).toBe('hello\n');
      for (const path of [['link'], ['..', 'x'], ['none']]) await expect(ask(...path)).rejects.toThrow('404 page not found');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

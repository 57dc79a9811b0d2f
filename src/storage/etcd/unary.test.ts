import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type CallError, isPassing, isUnsent, status } from './errors.ts';
import { UnaryClient } from './unary.ts';

type Answering = (stream: ServerHttp2Stream, body: Buffer) => void;

let server: Http2Server;
let client: UnaryClient;
let answering: Answering;
let sessions: ServerHttp2Session[];
let port = 0;

async function listen(at = 0): Promise<void> {
  server = createServer();
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => answering(stream, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
}

async function shut(): Promise<void> {
  for (const session of sessions.splice(0)) session.destroy();
  await new Promise((resolve) => server.close(resolve));
}

beforeEach(async () => {
  sessions = [];
  await listen();
  client = new UnaryClient({ endpoint: `http://127.0.0.1:${String(port)}` });
});
afterEach(async () => {
  client.close();
  await shut();
});

const frameOf = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]);
const call = (text = 'ask', timeoutMs = 20_000): Promise<string> =>
  client.call({ path: '/x.Y/Z', body: Buffer.from(text), token: 'secret', timeoutMs }).then((answer) => answer.toString());
const failure = (promise: Promise<unknown>): Promise<CallError> =>
  promise.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => error as CallError,
  );

/** Answers with a message, in pieces, and status 0. */
const good: Answering = (stream, body) => {
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  const frame = frameOf(`re: ${body.subarray(5).toString()}`);
  stream.write(frame.subarray(0, 3));
  stream.end(frame.subarray(3));
};

test('a call is a frame, its answer another; calls share a connection', async () => {
  const seen: unknown[] = [];
  answering = (stream, body) => {
    seen.push(body.subarray(0, 5), stream.sentHeaders);
    good(stream, body);
  };
  expect(await Promise.all([call('a'), call('b')])).toEqual(['re: a', 're: b']);
  expect(seen[0]).toEqual(Buffer.from([0, 0, 0, 0, 1]));
  expect(sessions).toHaveLength(1);
});

test.each([
  [
    'instead of an answer',
    (stream: ServerHttp2Stream) =>
      void stream.respond({ ':status': 200, 'grpc-status': '14', 'grpc-message': 'no%20leader' }, { endStream: true }),
  ],
  [
    'after no message',
    (stream: ServerHttp2Stream) => {
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14', 'grpc-message': 'no leader' }));
      stream.respond({ ':status': 200 }, { waitForTrailers: true, endStream: false });
      stream.end();
    },
  ],
])('a status %s is the error', async (_, answer) => {
  answering = answer;
  expect(await failure(call())).toMatchObject({ code: status.UNAVAILABLE, details: 'no leader' });
});

test('where nobody listens nothing was sent; the next call connects anew', async () => {
  await shut();
  const error = await failure(call());
  expect([isPassing(error), isUnsent(error)]).toEqual([true, true]);
  answering = good;
  await listen(port);
  expect(await call()).toBe('re: ask');
});

test('a connection that breaks in the middle leaves it open whether the call was carried out', async () => {
  answering = () => sessions[0]?.destroy();
  const error = await failure(call());
  expect([isPassing(error), isUnsent(error)]).toEqual([true, false]);
  answering = good;
  expect(await call()).toBe('re: ask');
  expect(sessions).toHaveLength(2);
});

test('who does not answer in time is asked on a new connection next', async () => {
  answering = () => undefined;
  const error = await failure(call('ask', 50));
  expect([error.code, isPassing(error), isUnsent(error)]).toEqual([status.DEADLINE_EXCEEDED, true, false]);
  answering = good;
  expect(await call()).toBe('re: ask');
  expect(sessions).toHaveLength(2);
});

test('what is no gRPC is told', async () => {
  answering = (stream) => {
    stream.respond({ ':status': 502 });
    stream.end('bad gateway');
  };
  expect(await failure(call())).toMatchObject({ details: 'the answer was HTTP 502' });
  answering = (stream) => {
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.end('abc');
  };
  expect(await failure(call())).toMatchObject({ code: status.INTERNAL });
});

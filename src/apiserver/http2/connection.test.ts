import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { HttpRequest, HttpResponse } from '../http.ts';
import { serveHttp2 } from './connection.ts';
import { errorCode, flag, FrameReader, frameType, numbersFrame, preface, putHead, settingsFrame } from './frames.ts';
import { encodedField } from './hpack.ts';
import type { Http2Response } from './stream.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

type Handler = (request: HttpRequest, response: HttpResponse) => void;

async function serve(handle: Handler): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    serveHttp2(socket, handle);
  });
  open.push({ close: () => void (server.close(), sockets.forEach((socket) => socket.destroy())) });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Node's own client, so that both sides are not of one hand. */
async function client(handle: Handler): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${String(await serve(handle))}`);
  session.on('error', () => undefined);
  open.push({ close: () => session.destroy() });
  return session;
}

async function answerOf(stream: ClientHttp2Stream): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  return { status: Number(headers[':status']), body: await text(stream), headers };
}

async function bodyOf(request: HttpRequest): Promise<string> {
  return request.whole?.()?.toString() ?? (await text(request));
}

describe('requests and answers', () => {
  test('method, path, fields and body come; status, fields and body go', async () => {
    const session = await client((request, response) => {
      void bodyOf(request).then((body) => {
        const { method, url, headers, headersDistinct } = request;
        response.setHeader('X-Set', 'replaced');
        response.writeHead(201, ['Content-Type', 'text/plain', 'X-Set', 'yes', 'Connection', 'close']);
        response.end(
          Buffer.from(
            JSON.stringify({ method, url, body, host: headers.host, many: headers['x-many'], distinct: headersDistinct['x-many'] }),
          ),
        );
      });
    });
    const stream = session.request({ ':method': 'POST', ':path': '/a?b=c', 'x-many': ['1', '2'] });
    stream.end('hello');
    const { status, body, headers } = await answerOf(stream);
    expect(status).toBe(201);
    expect(headers).toMatchObject({ 'content-type': 'text/plain', 'x-set': 'yes' });
    expect(headers['date']).toMatch(/ GMT$/);
    expect(JSON.parse(body)).toMatchObject({ method: 'POST', url: '/a?b=c', body: 'hello', many: '1, 2', distinct: ['1', '2'] });
  });

  test('a hundred at once over one connection', async () => {
    const session = await client((request, response) => setImmediate(() => response.end(Buffer.from(request.url ?? ''))));
    const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => answerOf(session.request({ ':path': `/${String(at)}` }))));
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 100 }, (_, at) => `/${String(at)}`));
  });

  test('a body larger than every window, both ways', async () => {
    const session = await client((request, response) => void request.pipe(response));
    const stream = session.request({ ':method': 'POST' });
    const sent = Buffer.alloc(3_000_000, 'abcdefghij');
    stream.end(sent);
    expect((await answerOf(stream)).body).toBe(sent.toString());
  });

  test('an answer of many pieces, of which some are empty', async () => {
    const pieces = Array.from({ length: 20_000 }, (_, n) => Buffer.alloc(n % 150, n));
    const session = await client((_, response) => {
      response.writeHead(200);
      response.endWith?.(pieces);
    });
    expect((await answerOf(session.request({ ':path': '/' }))).body).toBe(Buffer.concat(pieces).toString());
  });

  test('what is written while it is corked goes together', async () => {
    let answer: Http2Response | undefined;
    const session = await client((_, response) => {
      answer = response as Http2Response;
      answer.cork();
      for (const text of ['a', 'b', 'c']) answer.writeNow(Buffer.from(text));
    });
    const stream = session.request({ ':path': '/' });
    await once(stream, 'response');
    expect(answer?.pendingBytes).toBe(3);
    answer?.uncork();
    expect(answer?.pendingBytes).toBe(0);
    const [said] = (await once(stream, 'data')) as [Buffer];
    expect(said.toString()).toBe('abc');
    answer?.cork();
    answer?.writeNow(Buffer.from('d'));
    answer?.end();
    expect(await text(stream)).toBe('d');
  });

  test('what nobody reads is not sent', async () => {
    let taken = 0;
    const session = await client((request, response) => {
      response.flushHeaders();
      request.once('readable', () => setTimeout(() => (taken = request.readableLength), 50));
    });
    const stream = session.request({ ':method': 'POST' });
    stream.write(Buffer.alloc(2_000_000));
    await once(stream, 'response');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThanOrEqual(400_000);
  });

  test('answers without a body, and to HEAD', async () => {
    const session = await client((_, response) => void response.writeHead(204).end());
    expect(await answerOf(session.request({ ':method': 'HEAD' }))).toMatchObject({ status: 204, body: '' });
  });

  test('what is written at once waits for a client that does not read, and is counted', async () => {
    let answer: Http2Response | undefined;
    const session = await client((_, response) => {
      answer = response as Http2Response;
      for (let count = 0; count < 5; count++) answer.writeNow(Buffer.alloc(100_000, 'x'));
      answer.end();
    });
    const stream = session.request({});
    await once(stream, 'response');
    expect(answer?.pendingBytes).toBeGreaterThan(300_000);
    expect((await text(stream)).length).toBe(500_000);
    expect(answer?.pendingBytes).toBe(0);
  });
});

describe('ends', () => {
  test('a client that gives up closes the answer', async () => {
    const closed = new Promise<void>((resolve, reject) => {
      void client((_, response) => {
        response.once('close', resolve);
        response.flushHeaders();
      }).then((session) => {
        const stream = session.request({});
        stream.once('response', () => stream.close(constants.NGHTTP2_CANCEL));
      }, reject);
    });
    await expect(closed).resolves.toBeUndefined();
  });

  test('an answer that is cut off resets the stream only', async () => {
    const session = await client(
      (request, response) => void (request.url === '/bad' ? response.destroy() : response.end(Buffer.from('fine'))),
    );
    const stream = session.request({ ':path': '/bad' });
    await expect(answerOf(stream)).rejects.toThrow();
    expect((await answerOf(session.request({ ':path': '/' }))).body).toBe('fine');
  });

  test('who still sends when the answer is complete is told to stop', async () => {
    const session = await client((_, response) => void response.writeHead(413).end());
    const stream = session.request({ ':method': 'POST' });
    stream.write(Buffer.alloc(100));
    expect((await answerOf(stream)).status).toBe(413);
    if (!stream.closed) await once(stream, 'close');
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  test('a connection that closes ends what is under way', async () => {
    const seen: string[] = [];
    const session = await client((request, response) => {
      request.on('error', () => seen.push('request'));
      request.resume();
      response.once('close', () => seen.push('answer'));
      response.flushHeaders();
    });
    const stream = session.request({ ':method': 'POST' });
    stream.on('error', () => undefined);
    await once(stream, 'response');
    session.destroy();
    while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen.sort()).toEqual(['answer', 'request']);
  });
});

/** Nobody takes what it is given. */
class Stuck extends Duplex {
  override _read(): void {
    // Is pushed to.
  }

  override _write(): void {
    // Never done.
  }
}

describe('what breaks the rules', () => {
  const hello = Buffer.concat([preface, settingsFrame([])]);

  function frame(
    type: number,
    stream: number,
    { flags = 0, payload = Buffer.alloc(0) }: { flags?: number; payload?: Buffer } = {},
  ): Buffer {
    const head = Buffer.alloc(9);
    putHead(head, { type, flags, stream }, payload.length);
    return Buffer.concat([head, payload]);
  }

  const get = Object.entries({ ':method': 'GET', ':path': '/', ':scheme': 'https' });
  const block = (fields: readonly (readonly [string, string])[]): Buffer =>
    Buffer.from(fields.map(([name, value]) => encodedField(name, value)).join(''), 'latin1');
  const headers = (stream: number, fields: readonly (readonly [string, string])[] = get, flags = 5): Buffer =>
    frame(frameType.headers, stream, { flags, payload: block(fields) });

  /** What comes back until the server closes, or answers a ping behind it all: the kinds of frames with their last number. */
  async function sent(...frames: readonly Buffer[]): Promise<string[]> {
    return sentTo((_, response) => void response.end(Buffer.from('x')), frames);
  }

  async function sentTo(handle: Handler, frames: readonly Buffer[]): Promise<string[]> {
    const { socket, seen, over } = await converse(handle);
    const ping = frame(frameType.ping, 0, { payload: Buffer.alloc(8) });
    socket.write(Buffer.concat([...frames]));
    setTimeout(() => socket.write(ping), 20);
    await over;
    socket.destroy();
    return seen;
  }

  /** A connection, what comes on it (to `told` as well), and its end: closed, or a ping answered. */
  async function converse(handle: Handler, told: (type: number) => void = () => undefined) {
    const port = await serve(handle);
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => undefined);
    // The preface is the client's alone.
    const reader = new FrameReader(1 << 20);
    for (const _ of reader.read(preface)) void _;
    const seen: string[] = [];
    const over = new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        for (const { type, flags, stream, payload } of reader.read(bytes)) {
          if (type === frameType.ping && flags === flag.ack) resolve();
          if (type === frameType.goAway) seen.push(`goaway ${String(payload.readUInt32BE(4))}`);
          if (type === frameType.reset) seen.push(`reset ${String(stream)} ${String(payload.readUInt32BE(0))}`);
          if (type === frameType.headers) seen.push(`headers ${String(stream)}`);
          told(type);
        }
      });
      socket.on('close', () => resolve());
    });
    return { socket, seen, over };
  }

  const reset = (stream: number): Buffer => numbersFrame({ type: frameType.reset, flags: 0, stream }, 8);
  const windowUpdate = (stream: number, more: number): Buffer => numbersFrame({ type: frameType.windowUpdate, flags: 0, stream }, more);
  const data = (stream: number, bytes: number, flags = 0): Buffer => frame(frameType.data, stream, { flags, payload: Buffer.alloc(bytes) });

  const goAway = (code: number): string[] => [`goaway ${String(code)}`];

  test('a plain request is fine, in one piece and byte for byte', async () => {
    expect(await sent(hello, headers(1))).toEqual(['headers 1']);
    const port = await serve((_, response) => void response.end(Buffer.from('x')));
    const socket = connectTcp(port, '127.0.0.1');
    socket.setNoDelay(true);
    for (const byte of Buffer.concat([hello, headers(1)])) socket.write(Buffer.from([byte]));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.length).toBeGreaterThan(0);
    socket.destroy();
  });

  test.each<[string, number, readonly Buffer[]]>([
    ['no preface', errorCode.protocol, [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')]],
    ['a frame too large', errorCode.frameSize, [hello, Buffer.from([0x7f, 0, 0, 0, 0, 0, 0, 0, 1])]],
    ['a stream of the server', errorCode.protocol, [hello, headers(2)]],
    ['data of a stream that never was', errorCode.protocol, [hello, frame(frameType.data, 7)]],
    ['a push', errorCode.protocol, [hello, frame(frameType.push, 1)]],
    ['more padding than frame', errorCode.protocol, [hello, frame(frameType.headers, 1, { flags: 12, payload: Buffer.from([9, 1]) })]],
    [
      'a block that is not continued',
      errorCode.protocol,
      [hello, headers(1, get, 1), frame(frameType.ping, 0, { payload: Buffer.alloc(8) })],
    ],
    ['a continuation of nothing', errorCode.protocol, [hello, frame(frameType.continuation, 1)]],
    [
      'an endless block',
      errorCode.enhanceYourCalm,
      [hello, headers(1, get, 1), ...Array.from({ length: 200 }, () => frame(frameType.continuation, 1))],
    ],
    ['no header block', errorCode.compression, [hello, frame(frameType.headers, 1, { flags: 5, payload: Buffer.from([0x80]) })]],
    ['a window no larger', errorCode.protocol, [hello, numbersFrame({ type: frameType.windowUpdate, flags: 0, stream: 0 }, 0)]],
    [
      'a window too large',
      errorCode.flowControl,
      [hello, numbersFrame({ type: frameType.windowUpdate, flags: 0, stream: 0 }, 0x7fff_ffff)],
    ],
    ['settings cut short', errorCode.frameSize, [hello, frame(frameType.settings, 0, { payload: Buffer.alloc(5) })]],
    ['no initial window', errorCode.flowControl, [hello, settingsFrame([[4, 0xffff_ffff]])]],
    ['no size of frames', errorCode.protocol, [hello, settingsFrame([[5, 1]])]],
    ['no settings first', errorCode.protocol, [preface, headers(1)]],
    ['too many settings', errorCode.protocol, [hello, settingsFrame(Array.from({ length: 101 }, (_, at) => [100 + at, 0] as const))]],
    ['a priority of no stream', errorCode.protocol, [hello, frame(frameType.priority, 0, { payload: Buffer.alloc(5) })]],
    ['a priority cut short', errorCode.frameSize, [hello, frame(frameType.headers, 1, { flags: 0x25, payload: Buffer.alloc(4) })]],
    ['a stream that goes away', errorCode.protocol, [hello, frame(frameType.goAway, 1, { payload: Buffer.alloc(8) })]],
    ['a stream that went down', errorCode.protocol, [hello, headers(5), headers(3)]],
    ['a ping of a stream', errorCode.protocol, [hello, frame(frameType.ping, 1, { payload: Buffer.alloc(8) })]],
    [
      'more padding than frame, of a stream that has ended',
      errorCode.protocol,
      [hello, headers(1, get, 4), reset(1), frame(frameType.data, 1, { flags: 8, payload: Buffer.from([9, 1]) })],
    ],
    [
      'windows that the settings make too large',
      errorCode.flowControl,
      [hello, headers(1, get, 4), windowUpdate(1, 0x7fff_0000), settingsFrame([[4, 0x7fff_ffff]])],
    ],
    [
      'requests that are only spoilt',
      errorCode.enhanceYourCalm,
      [hello, ...Array.from({ length: 500 }, (_, at) => Buffer.concat([headers(at * 2 + 1, get, 4), windowUpdate(at * 2 + 1, 0)]))],
    ],
    ['a ping of no size', errorCode.frameSize, [hello, frame(frameType.ping, 0, { payload: Buffer.alloc(7) })]],
    [
      'requests that are only taken back',
      errorCode.enhanceYourCalm,
      [
        hello,
        ...Array.from({ length: 500 }, (_, at) =>
          Buffer.concat([headers(at * 2 + 1, get, 4), numbersFrame({ type: frameType.reset, flags: 0, stream: at * 2 + 1 }, 8)]),
        ),
      ],
    ],
  ])('%s ends the connection', async (_, code, frames) => {
    expect((await sent(...frames)).filter((line) => line.startsWith('goaway'))).toEqual(goAway(code));
  });

  test.each<[string, number, readonly Buffer[]]>([
    ['a field in upper case', errorCode.protocol, [headers(1, [...get, ['X', '1']])]],
    ['a field of HTTP/1.1', errorCode.protocol, [headers(1, [...get, ['connection', 'close']])]],
    ['a path that is none', errorCode.protocol, [headers(1, Object.entries({ ':method': 'GET', ':path': 'x', ':scheme': 'https' }))]],
    ['no path', errorCode.protocol, [headers(1, Object.entries({ ':method': 'GET', ':scheme': 'https' }))]],
    ['the method twice', errorCode.protocol, [headers(1, [...get, [':method', 'PUT']])]],
    ['a line feed in a value', errorCode.protocol, [headers(1, [...get, ['a', 'b\r\nc: d']])]],
    ['a length that is no number', errorCode.protocol, [headers(1, [...get, ['content-length', '0x0']])]],
    ['two lengths', errorCode.protocol, [headers(1, [...get, ['content-length', '0'], ['content-length', '1']])]],
    ['no scheme of ours', errorCode.protocol, [headers(1, Object.entries({ ':method': 'GET', ':path': '/', ':scheme': 'ftp' }))]],
    ['a control character in a value', errorCode.protocol, [headers(1, [...get, ['a', 'b\x01']])]],
    ['a field of a connection, spelt as TE', errorCode.protocol, [headers(1, [...get, ['te', 'gzip']])]],
    [
      'a stream that depends on itself',
      errorCode.protocol,
      [frame(frameType.headers, 1, { flags: 0x25, payload: Buffer.concat([Buffer.from([0, 0, 0, 1, 1]), block(get)]) })],
    ],
    [
      'a priority on itself',
      errorCode.protocol,
      [headers(1, get, 4), frame(frameType.priority, 1, { payload: Buffer.from([0, 0, 0, 1, 1]) })],
    ],
    ['data after the end', errorCode.streamClosed, [headers(1), data(1, 1)]],
    ['fields after the end', errorCode.streamClosed, [headers(1), headers(1)]],
    ['a second block that does not end', errorCode.protocol, [headers(1, get, 4), headers(1, [['a', 'b']], 4)]],
    ['trailers of a request', errorCode.protocol, [headers(1, get, 4), headers(1, [[':method', 'GET']])]],
    ['trailers in upper case', errorCode.protocol, [headers(1, get, 4), headers(1, [['A', 'b']])]],
    ['a stream window no larger', errorCode.protocol, [headers(1, get, 4), windowUpdate(1, 0)]],
    ['a stream window too large', errorCode.flowControl, [headers(1, get, 4), windowUpdate(1, 0x7fff_ffff)]],
    [
      'a body in pieces shorter than it says',
      errorCode.protocol,
      [headers(1, [...get, ['content-length', '5']], 4), data(1, 2), data(1, 2, 1)],
    ],
    ['a body shorter than it says', errorCode.protocol, [headers(1, [...get, ['content-length', '5']])]],
    [
      'a body longer than it says',
      errorCode.protocol,
      [headers(1, [...get, ['content-length', '2']], 4), frame(frameType.data, 1, { payload: Buffer.alloc(3) })],
    ],
  ])('%s resets the stream', async (_, code, frames) => {
    expect(await sent(hello, ...frames, headers(3))).toEqual([`reset 1 ${String(code)}`, 'headers 3']);
  });

  describe('after an answer that did not wait for the body', () => {
    const post = (length?: string): Buffer => headers(1, length === undefined ? get : [...get, ['content-length', length]], 4);

    /** The frames come one after the other, the answer between the first and the second. */
    async function late(first: Buffer, ...rest: readonly Buffer[]): Promise<string[]> {
      let isAnswered = false;
      const { socket, seen, over } = await converse(
        (_, response) => void response.end(Buffer.from('x')),
        (type) => {
          if (type !== frameType.reset || isAnswered) return;
          isAnswered = true;
          socket.write(Buffer.concat([...rest, frame(frameType.ping, 0, { payload: Buffer.alloc(8) })]));
        },
      );
      socket.write(Buffer.concat([hello, first]));
      await over;
      socket.destroy();
      return seen.filter((line) => !line.startsWith('headers'));
    }

    test.each<[string, readonly string[], Buffer, readonly Buffer[]]>([
      ['the rest of the body is dropped', [], post('4'), [data(1, 2), data(1, 2, 1)]],
      ['and that of one without a length', [], post(), [data(1, 20_000), headers(1, [['a', 'b']])]],
      ['more than was announced is a fault', ['reset 1 1'], post('4'), [data(1, 5)]],
      ['less than was announced is a fault', ['reset 1 1'], post('4'), [data(1, 3, 1)]],
      ['so are trailers with a method', ['reset 1 1'], post(), [headers(1, [[':method', 'GET']])]],
      ['and a window too large', ['reset 1 3'], post(), [windowUpdate(1, 0x7fff_ffff)]],
      ['a request taken back cannot go on', ['reset 1 5'], post(), [reset(1), data(1, 1)]],
      ['nor with fields', goAway(errorCode.protocol), post(), [reset(1), headers(1)]],
    ])('%s', async (_, expected, first, rest) => {
      expect(await late(first, ...rest)).toEqual(['reset 1 0', ...expected]);
    });
  });

  test('a megabyte of fields is answered, more of them ends the connection', async () => {
    const fields = (bytes: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: bytes / 50_000 }, (_, at) => [`x-${String(at)}`, '~'.repeat(50_000)]));
    const blockOf = (bytes: number): Buffer[] => {
      const whole = block([...get, ...Object.entries(fields(bytes))]);
      const frames: Buffer[] = [];
      for (let at = 0; at < whole.length; at += 200_000) {
        const flags = (at === 0 ? flag.endStream : 0) | (at + 200_000 >= whole.length ? flag.endHeaders : 0);
        frames.push(frame(at === 0 ? frameType.headers : frameType.continuation, 1, { flags, payload: whole.subarray(at, at + 200_000) }));
      }
      return frames;
    };
    const statuses: number[] = [];
    const handler: Handler = (_, response) => void (statuses.push(200), response.end());
    expect(await sentTo(handler, [hello, ...blockOf(1_000_000)])).toEqual(['headers 1']);
    expect(await sentTo(handler, [hello, ...blockOf(1_100_000)])).toEqual(['headers 1']);
    expect(statuses).toEqual([200]);
    expect(await sentTo(handler, [hello, ...blockOf(2_000_000)])).toEqual(goAway(errorCode.enhanceYourCalm));
  });

  test('padding is given back to the window', async () => {
    const frames = Array.from({ length: 2000 }, () =>
      frame(frameType.data, 1, { flags: 8, payload: Buffer.concat([Buffer.from([254]), Buffer.alloc(255)]) }),
    );
    expect(await sentTo(() => undefined, [hello, headers(1, get, 4), ...frames])).toEqual([]);
  });

  test.each<[string, (at: number) => Buffer]>([
    ['pings', () => frame(frameType.ping, 0, { payload: Buffer.alloc(8) })],
    ['settings', () => settingsFrame([])],
    ['data of streams that have ended', () => data(1, 0)],
    ['requests with small answers', (at) => headers(at * 2 + 3)],
  ])('who sends %s and does not read is cut off', async (_, next) => {
    const socket = new Stuck();
    serveHttp2(socket as unknown as Socket, (__, response) => void response.end(Buffer.alloc(100)));
    socket.push(Buffer.concat([hello, headers(1)]));
    let most = 0;
    for (let at = 0; at < 1_000_000 && !socket.writableEnded; at += 5000) {
      socket.push(Buffer.concat(Array.from({ length: 5000 }, (__, more) => next(at + more))));
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, socket.writableLength);
    }
    expect(socket.writableEnded).toBe(true);
    expect(most).toBeLessThan(6 << 20);
    socket.destroy();
  });

  test('watches that are ended all the time are no attack', async () => {
    const session = await client((_, response) => response.flushHeaders());
    for (let count = 0; count < 500; count++) {
      const stream = session.request({});
      await once(stream, 'response');
      stream.close(constants.NGHTTP2_CANCEL);
    }
    expect(session.destroyed || session.closed).toBe(false);
  });

  test('a client that goes away is answered what it has asked, and nothing after', async () => {
    const answers: HttpResponse[] = [];
    const away = frame(frameType.goAway, 0, { payload: Buffer.alloc(8) });
    const end = sentTo((_, response) => void answers.push(response), [hello, headers(1), away, headers(3)]);
    while (answers.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    answers[0]?.end(Buffer.from('x'));
    expect(await end).toEqual(['goaway 0', 'headers 1']);
    expect(answers).toHaveLength(1);
  });

  test('more than a hundred requests at once are refused, to be sent again', async () => {
    const waiting: HttpResponse[] = [];
    const session = await client((_, response) => void waiting.push(response));
    const first = session.request({ ':path': '/' });
    first.on('error', () => undefined);
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(100);
    const frames = Array.from({ length: 101 }, (_, at) => headers(at * 2 + 1, get, 4));
    expect(await sent(hello, ...frames)).toContain(`reset 201 ${String(errorCode.refusedStream)}`);
  });
});

import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { constants, createDeflate } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { SpdyStream } from './connection.ts';
import { serveSpdy } from './connection.ts';
import { headerDictionary } from './dictionary.ts';
import type { Frame } from './frames.ts';
import { encodeData, encodeGoAway, encodePing, encodeRstStream, encodeSynReply, encodeSynStream, FrameReader } from './frames.ts';
import { formatHeaders, HeaderCodec, parseHeaders } from './header-block.ts';

describe('frames', () => {
  test.each<[string, Buffer, Frame]>([
    ['data', encodeData(5, Buffer.from('x'), true), { type: 'data', streamId: 5, fin: true, data: Buffer.from('x') }],
    ['a stream', encodeSynStream(3, Buffer.from('b')), { type: 'synStream', streamId: 3, fin: false, block: Buffer.from('b') }],
    ['a reply', encodeSynReply(3, Buffer.from('b')), { type: 'synReply', streamId: 3, fin: false, block: Buffer.from('b') }],
    ['a reset', encodeRstStream(7, 5), { type: 'rstStream', streamId: 7, status: 5 }],
    ['a ping', encodePing(9), { type: 'ping', id: 9 }],
    ['an end', encodeGoAway(1), { type: 'goAway', lastStreamId: 1, status: 0 }],
  ])('%s there and back, byte by byte', (_name, bytes, frame) => {
    const reader = new FrameReader();
    expect([...bytes].flatMap((byte) => reader.push(Buffer.from([byte])))).toEqual([frame]);
  });

  test('unknown control frames are passed over', () => {
    expect(new FrameReader().push(Buffer.from([0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 1, 0]))).toEqual([{ type: 'ignored' }]);
  });
});

test('header blocks share one compression state', async () => {
  const [one, other] = [new HeaderCodec(), new HeaderCodec()];
  for (const headers of [
    new Map([['a', '1']]),
    new Map([
      ['streamtype', 'data'],
      ['port', '80'],
    ]),
  ]) {
    // prettier-ignore
    expect(parseHeaders(formatHeaders(headers))).toEqual(headers);
    expect(await other.decode(await one.encode(headers))).toEqual(headers);
  }
  one.close();
  other.close();
});

/** A client that compresses with zlib itself, as Go's does. */
class Client {
  readonly frames: Frame[] = [];
  readonly #deflate = createDeflate({ dictionary: headerDictionary });
  readonly #transport: Duplex;
  constructor(transport: Duplex) {
    this.#transport = transport;
    const reader = new FrameReader();
    transport.on('data', (chunk: Buffer) => this.frames.push(...reader.push(chunk)));
  }
  async open(id: number, headers: Record<string, string>): Promise<void> {
    const block = await new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      const take = (chunk: Buffer): void => void chunks.push(chunk);
      this.#deflate.on('data', take);
      this.#deflate.write(formatHeaders(new Map(Object.entries(headers))));
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
        this.#deflate.off('data', take);
        resolve(Buffer.concat(chunks));
      });
    });
    this.#transport.write(encodeSynStream(id, block));
  }
  send(bytes: Buffer): void {
    this.#transport.write(bytes);
  }
  async until(type: Frame['type'], count = 1): Promise<Frame[]> {
    while (this.frames.filter((frame) => frame.type === type).length < count) await new Promise((resolve) => setImmediate(resolve));
    return this.frames.filter((frame) => frame.type === type);
  }
}

describe('a connection', () => {
  function setUp() {
    const [near, far] = duplexPair();
    const streams: SpdyStream[] = [];
    const arrived = Promise.withResolvers<undefined>();
    const connection = serveSpdy(near, (stream) => {
      streams.push(stream);
      arrived.resolve(undefined);
    });
    return { client: new Client(far), far, streams, connection, arrived: arrived.promise };
  }

  test('streams both ways, half-closes, no windows', async () => {
    const { client, streams, arrived } = setUp();
    await client.open(1, { streamtype: 'data', port: '80' });
    await arrived;
    const [stream] = streams;
    expect(stream?.headers.get('port')).toBe('80');
    client.send(encodeData(1, Buffer.from('hello'), false));
    client.send(encodeData(1, Buffer.alloc(0), true));
    expect(String(Buffer.concat((await stream?.toArray()) ?? []))).toBe('hello');
    // Far more than SPDY's initial window of 64 kB: nobody sends window updates here.
    stream?.end(Buffer.alloc(300_000));
    await client.until('data', 2);
    const data = client.frames.filter((frame) => frame.type === 'data');
    expect(data.reduce((sum, frame) => sum + frame.data.length, 0)).toBe(300_000);
    expect(data.at(-1)?.fin).toBe(true);
  });

  test('pings are answered', async () => {
    const { client } = setUp();
    client.send(encodePing(3));
    expect(await client.until('ping')).toEqual([{ type: 'ping', id: 3 }]);
  });

  test('a reset from the client ends the stream, one of ours is told', async () => {
    const { client, streams, arrived } = setUp();
    await client.open(1, {});
    await client.open(3, {});
    await arrived;
    await client.until('synReply', 2);
    const closed = new Promise((resolve) => streams[0]?.once('close', resolve));
    client.send(encodeRstStream(1, 5));
    await closed;
    streams[1]?.destroy();
    expect(await client.until('rstStream')).toEqual([{ type: 'rstStream', streamId: 3, status: 5 }]);
  });

  test('when the client goes, its streams end', async () => {
    const { client, streams, arrived, far, connection } = setUp();
    await client.open(1, {});
    await arrived;
    far.end();
    await connection.closed;
    expect(streams[0]?.destroyed).toBe(true);
  });
});

/**
 * The server's end of a SPDY/3.1 connection as kubectl's port-forward and older exec speak it. Written for this because
 * spdy-transport 3.0.0 holds back data until window updates come, and Kubernetes' SPDY (moby/spdystream) never sends any.
 */
import { Duplex } from 'node:stream';
import type { Frame } from './frames.ts';
import { encodeData, encodeGoAway, encodePing, encodeRstStream, encodeSynReply, FrameReader } from './frames.ts';
import type { Headers } from './header-block.ts';
import { HeaderCodec } from './header-block.ts';

/** A stream that the client opened. Ending it half-closes; destroying it resets. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly #send: (frame: Buffer, done: () => void) => void;
  #reset = false;

  constructor(id: number, headers: Headers, send: (frame: Buffer, done: () => void) => void) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#send = send;
  }

  /** A frame for this stream has come. */
  receive(data: Buffer, fin: boolean): void {
    if (data.length > 0) this.push(data);
    if (fin) this.push(null);
  }

  /** The client gave the stream up. */
  receiveReset(): void {
    this.#reset = true;
    this.push(null);
    this.destroy();
  }

  override _read(): void {
    // Data is pushed as it comes.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#send(encodeData(this.id, chunk, false), done);
  }

  override _final(done: () => void): void {
    this.#send(encodeData(this.id, Buffer.alloc(0), true), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#reset && !(this.writableFinished && this.readableEnded)) {
      this.#reset = true;
      this.#send(encodeRstStream(this.id, 5), () => undefined);
    }
    done(error);
  }
}

export interface SpdyConnection {
  /** No more streams; the transport is ended once what was written is out. */
  close(): void;
  readonly closed: Promise<void>;
}

/** Serves SPDY on `transport`; every stream is accepted. */
export function serveSpdy(transport: Duplex, onStream: (stream: SpdyStream) => void): SpdyConnection {
  const codec = new HeaderCodec();
  const reader = new FrameReader();
  const streams = new Map<number, SpdyStream>();
  let lastId = 0;
  let turn: Promise<void> = Promise.resolve();
  const send = (frame: Buffer, done: () => void = () => undefined): void => {
    if (!transport.writable) return done();
    if (transport.write(frame)) done();
    else transport.once('drain', done);
  };

  const handle = async (frame: Frame): Promise<void> => {
    switch (frame.type) {
      case 'synStream': {
        lastId = frame.streamId;
        const stream = new SpdyStream(frame.streamId, await codec.decode(frame.block), send);
        stream.on('error', () => undefined);
        stream.on('close', () => streams.delete(stream.id));
        streams.set(stream.id, stream);
        send(encodeSynReply(stream.id, await codec.encode(new Map())));
        if (frame.fin) stream.receive(Buffer.alloc(0), true);
        onStream(stream);
        return;
      }
      case 'data':
        streams.get(frame.streamId)?.receive(frame.data, frame.fin);
        return;
      case 'headers':
      case 'synReply':
        // Their block must pass the decompressor, or the following ones cannot be read.
        await codec.decode(frame.block);
        if (frame.fin) streams.get(frame.streamId)?.receive(Buffer.alloc(0), true);
        return;
      case 'rstStream':
        streams.get(frame.streamId)?.receiveReset();
        return;
      case 'ping':
        send(encodePing(frame.id));
        return;
      case 'goAway':
      case 'ignored':
    }
  };

  transport.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) turn = turn.then(() => handle(frame)).catch(() => void transport.destroy());
  });
  const closed = new Promise<void>((resolve) => {
    const finish = (): void => {
      // After the frames that are still being handled.
      void turn.then(() => {
        for (const stream of streams.values()) stream.receiveReset();
        codec.close();
        resolve();
      });
    };
    transport.once('close', finish);
    // A client that has no more to say has no more streams either.
    transport.once('end', () => {
      transport.end();
      finish();
    });
    transport.on('error', () => transport.destroy());
  });
  return {
    close: () => {
      send(encodeGoAway(lastId));
      transport.end();
    },
    closed,
  };
}

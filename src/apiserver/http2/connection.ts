/**
 * The server's side of an HTTP/2 connection (RFC 9113), with upstream's limits (apiserver pkg/server/secure_serving.go). What all its
 * streams send in one turn of the event loop is one write: encrypting and system calls are most of what a small answer costs.
 */
import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from '../http.ts';
import {
  ConnectionError,
  errorCode,
  flag,
  type Frame,
  FrameReader,
  frameType,
  headBytes,
  numbersFrame,
  putHead,
  setting,
  settingsFrame,
  unpadded,
} from './frames.ts';
import { CompressionError, encodedField, type Field, HpackDecoder } from './hpack.ts';
import { isWellFormed } from './request-fields.ts';
import { Http2Stream, type StreamOwner } from './stream.ts';

const maxStreams = 100;
const maxFrameBytes = 256 * 1024;
const streamWindow = 256 * 1024;
const connectionWindow = streamWindow * maxStreams;
/** Upstream's MaxHeaderBytes. */
const maxHeaderBytes = 1 << 20;
const tableBytes = 4096;
const idleMs = 90_000;
const defaultWindow = 65_535;
const largestWindow = 0x7fff_ffff;
/** What may be given to the socket at once, and what may wait in it before somebody who does not read is cut off. */
const maxBatchBytes = 1 << 20;
const maxControlBytes = 4 << 20;
/** Frames of one header block, and requests taken back in a second: more is an attack. */
const maxContinuations = 128;
const maxResetsASecond = 400;

export type Http2Handler = (request: HttpRequest, response: HttpResponse) => void;

/** Serves what comes over the socket until it closes; the answer ends the connection in order. */
export function serveHttp2(socket: Socket, handle: Http2Handler): () => void {
  const connection = new Connection(socket, handle);
  return () => connection.goAway(errorCode.none);
}

interface HeaderBlock {
  readonly stream: number;
  readonly endStream: boolean;
  readonly pieces: Buffer[];
  bytes: number;
}

class Connection implements StreamOwner {
  readonly socket: Socket;
  readonly #handle: Http2Handler;
  readonly #reader = new FrameReader(maxFrameBytes);
  readonly #decoder = new HpackDecoder(tableBytes, maxHeaderBytes);
  readonly #streams = new Map<number, Http2Stream>();
  /** Have something to send that the client does not take yet. */
  readonly #blocked = new Set<Http2Stream>();
  /** Have come with what is being read. */
  #fresh: Http2Stream[] = [];
  #lastStream = 0;
  #block: HeaderBlock | undefined;
  #sendWindow = defaultWindow;
  #initialSendWindow = defaultWindow;
  #sendFrameBytes = 16_384;
  #receiveWindow = connectionWindow;
  #out: Buffer[] = [];
  #outBytes = 0;
  #isScheduled = false;
  #isFull = false;
  #isOver = false;
  #resets = { count: 0, since: 0 };
  #date = { second: 0, field: '' };
  #idleSince = performance.now();
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, handle: Http2Handler) {
    this.socket = socket;
    this.#handle = handle;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('drain', () => {
      this.#isFull = false;
      this.#resume();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
    const settings = [
      [setting.maxFrameSize, maxFrameBytes],
      [setting.maxConcurrentStreams, maxStreams],
      [setting.maxHeaderListSize, maxHeaderBytes],
      [setting.initialWindowSize, streamWindow],
    ] as const;
    this.#send(settingsFrame(settings));
    this.#send(numbersFrame({ type: frameType.windowUpdate, flags: 0, stream: 0 }, connectionWindow - defaultWindow));
    this.#watchIdleness(idleMs);
  }

  head({ id, endIsSent }: Http2Stream, fields: string): void {
    const block = fields + this.#dateField();
    const flags = endIsSent ? flag.endStream : 0;
    for (let at = 0; at === 0 || at < block.length; at += this.#sendFrameBytes) {
      const length = Math.min(block.length - at, this.#sendFrameBytes);
      const frame = Buffer.allocUnsafe(headBytes + length);
      const type = at === 0 ? frameType.headers : frameType.continuation;
      const isLast = at + length === block.length;
      putHead(frame, { type, flags: (at === 0 ? flags : 0) | (isLast ? flag.endHeaders : 0), stream: id }, length);
      frame.write(length === block.length ? block : block.slice(at, at + length), headBytes, 'latin1');
      this.#send(frame);
    }
  }

  pump(stream: Http2Stream): void {
    const { queue } = stream;
    for (let piece = queue[0]; piece !== undefined; piece = queue[0]) {
      const length = Math.min(piece.length, this.#sendFrameBytes, this.#sendWindow, stream.sendWindow);
      if (length <= 0 || this.#isFull || this.#outBytes >= maxBatchBytes) return void this.#blocked.add(stream);
      if (length === piece.length) queue.shift();
      else queue[0] = piece.subarray(length);
      stream.queuedBytes -= length;
      stream.sendWindow -= length;
      this.#sendWindow -= length;
      this.#sendData(stream, length === piece.length ? piece : piece.subarray(0, length));
    }
    if (stream.isEnding && !stream.endIsSent) this.#sendData(stream, nothing);
    const { flushed } = stream;
    stream.flushed = undefined;
    flushed?.();
  }

  credit(stream: Http2Stream, bytes: number): void {
    if (stream.request.complete || this.#isOver) return;
    stream.receiveWindow += bytes;
    this.#send(numbersFrame({ type: frameType.windowUpdate, flags: 0, stream: stream.id }, bytes));
  }

  reset(stream: Http2Stream, code: number): void {
    if (!this.#forget(stream)) return;
    this.#send(numbersFrame({ type: frameType.reset, flags: 0, stream: stream.id }, code));
    stream.request.abort();
  }

  /** A client that was still sending is told to stop. */
  closed(stream: Http2Stream): void {
    if (!this.#forget(stream) || stream.request.complete) return;
    this.#send(numbersFrame({ type: frameType.reset, flags: 0, stream: stream.id }, errorCode.none));
  }

  /** Says why, and closes. */
  goAway(code: number): void {
    if (this.#isOver) return;
    this.#send(numbersFrame({ type: frameType.goAway, flags: 0, stream: 0 }, this.#lastStream, code));
    this.#flush();
    this.#isOver = true;
    this.socket.destroySoon();
    this.#closed();
  }

  #take(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      for (const frame of this.#reader.read(bytes)) {
        this.#frame(frame);
        if (this.#isOver) return;
      }
    } catch (error) {
      if (error instanceof ConnectionError) return this.goAway(error.code);
      if (error instanceof CompressionError) return this.goAway(errorCode.compression);
      throw error;
    }
    const fresh = this.#fresh;
    this.#fresh = [];
    // Now that what came along of the bodies is there.
    for (const { request, response } of fresh) if (!response.destroyed) this.#handle(request, response);
  }

  #frame(frame: Frame): void {
    const { type, stream } = frame;
    if (this.#block !== undefined && (type !== frameType.continuation || stream !== this.#block.stream))
      fail('a header block is not continued');
    switch (type) {
      case frameType.data:
        return this.#data(frame);
      case frameType.headers:
        return this.#headers(frame);
      case frameType.continuation:
        return this.#continuation(frame);
      case frameType.reset:
        return this.#reset(frame);
      case frameType.settings:
        return this.#settings(frame);
      case frameType.ping:
        return this.#ping(frame);
      case frameType.windowUpdate:
        return this.#windowUpdate(frame);
      case frameType.push:
        return fail('clients do not push');
      case frameType.priority:
        return expectLength(frame, 5);
    }
  }

  #data(frame: Frame): void {
    const { length } = frame.payload;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) throw new ConnectionError(errorCode.flowControl, 'more than the window');
    if (this.#receiveWindow < connectionWindow / 2) this.#widen();
    const stream = this.#streamOf(frame);
    if (stream === undefined) return;
    if (stream.request.complete) return this.#refuse(stream, errorCode.streamClosed);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.#refuse(stream, errorCode.flowControl);
    const body = unpadded(frame);
    const isLast = (frame.flags & flag.endStream) !== 0;
    if (!stream.request.fits(body.length, isLast)) return this.#refuse(stream, errorCode.protocol);
    stream.request.receive(body, isLast);
  }

  #widen(): void {
    this.#send(numbersFrame({ type: frameType.windowUpdate, flags: 0, stream: 0 }, connectionWindow - this.#receiveWindow));
    this.#receiveWindow = connectionWindow;
  }

  /** Nothing more comes. */
  #complete(stream: Http2Stream): void {
    if (stream.request.fits(0, true)) stream.request.receive(nothing, true);
    else this.#refuse(stream, errorCode.protocol);
  }

  #headers(frame: Frame): void {
    const { stream, flags } = frame;
    if (stream % 2 === 0) fail('a stream of the server');
    const payload = unpadded(frame);
    const block = (flags & flag.priority) === 0 ? payload : payload.subarray(5);
    this.#block = { stream, endStream: (flags & flag.endStream) !== 0, pieces: [block], bytes: block.length };
    if ((flags & flag.endHeaders) !== 0) this.#blockEnds(this.#block);
  }

  #continuation({ flags, payload }: Frame): void {
    const block = this.#block;
    if (block === undefined) return fail('nothing to continue');
    block.pieces.push(payload);
    block.bytes += payload.length;
    if (block.bytes > maxHeaderBytes || block.pieces.length > maxContinuations)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'an endless header block');
    if ((flags & flag.endHeaders) !== 0) this.#blockEnds(block);
  }

  #blockEnds({ stream: id, endStream, pieces }: HeaderBlock): void {
    this.#block = undefined;
    const fields = this.#decoder.decode(pieces.length === 1 ? (pieces[0] ?? nothing) : Buffer.concat(pieces));
    if (id > this.#lastStream) {
      this.#lastStream = id;
      return this.#begin(id, fields, endStream);
    }
    // Trailers, which nobody here wants to know.
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (endStream && !stream.request.complete) this.#complete(stream);
    else this.#refuse(stream, errorCode.protocol);
  }

  #begin(id: number, fields: readonly Field[] | undefined, endStream: boolean): void {
    const stream = new Http2Stream(this, id, fields ?? [], { send: this.#initialSendWindow, receive: streamWindow });
    this.#streams.set(id, stream);
    if (this.#streams.size > maxStreams) return this.#refuse(stream, errorCode.refusedStream);
    if (fields !== undefined && !isWellFormed(fields)) return this.#refuse(stream, errorCode.protocol);
    if (endStream) this.#complete(stream);
    if (fields === undefined) return void stream.response.writeHead(431, ['Content-Length', '0']).end();
    this.#fresh.push(stream);
  }

  /** Resets a stream for what the client did with it. */
  #refuse(stream: Http2Stream, code: number): void {
    this.reset(stream, code);
    stream.abort();
  }

  #reset(frame: Frame): void {
    expectLength(frame, 4);
    const stream = this.#streamOf(frame);
    if (stream === undefined) return;
    this.#forget(stream);
    stream.abort();
    const now = performance.now();
    if (now - this.#resets.since > 1000) this.#resets = { count: 0, since: now };
    if (++this.#resets.count > maxResetsASecond) throw new ConnectionError(errorCode.enhanceYourCalm, 'requests are only taken back');
  }

  #settings({ stream, flags, payload }: Frame): void {
    if (stream !== 0) fail('settings of a stream');
    if (payload.length % 6 !== 0 || ((flags & flag.ack) !== 0 && payload.length > 0))
      throw new ConnectionError(errorCode.frameSize, 'settings cut short');
    if ((flags & flag.ack) !== 0) return;
    for (let at = 0; at < payload.length; at += 6) this.#setting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    this.#control(numbersFrame({ type: frameType.settings, flags: flag.ack, stream: 0 }));
    this.#resume();
  }

  #setting(id: number, value: number): void {
    if (id === setting.maxFrameSize) {
      if (value < 16_384 || value > 16_777_215) fail('no size of frames');
      this.#sendFrameBytes = Math.min(value, maxFrameBytes);
    }
    if (id === setting.enablePush && value > 1) fail('neither yes nor no');
    if (id !== setting.initialWindowSize) return;
    if (value > largestWindow) throw new ConnectionError(errorCode.flowControl, 'no window');
    for (const stream of this.#streams.values()) stream.sendWindow += value - this.#initialSendWindow;
    this.#initialSendWindow = value;
  }

  #ping(frame: Frame): void {
    const { stream, flags, payload } = frame;
    expectLength(frame, 8);
    if (stream !== 0) fail('a ping of a stream');
    if ((flags & flag.ack) !== 0) return;
    this.#control(numbersFrame({ type: frameType.ping, flags: flag.ack, stream: 0 }, payload.readUInt32BE(0), payload.readUInt32BE(4)));
  }

  #windowUpdate(frame: Frame): void {
    expectLength(frame, 4);
    const more = frame.payload.readUInt32BE(0) & 0x7fff_ffff;
    if (frame.stream === 0) {
      if (more === 0) fail('a window no larger');
      this.#sendWindow += more;
      if (this.#sendWindow > largestWindow) throw new ConnectionError(errorCode.flowControl, 'a window too large');
      return this.#resume();
    }
    const stream = this.#streamOf(frame);
    if (stream === undefined) return;
    stream.sendWindow += more;
    if (more === 0) return this.#refuse(stream, errorCode.protocol);
    if (stream.sendWindow > largestWindow) return this.#refuse(stream, errorCode.flowControl);
    if (this.#blocked.delete(stream)) this.pump(stream);
  }

  /** Undefined: it has ended. */
  #streamOf({ stream }: Frame): Http2Stream | undefined {
    if (stream === 0 || stream > this.#lastStream || stream % 2 === 0) fail('no such stream');
    return this.#streams.get(stream);
  }

  #forget(stream: Http2Stream): boolean {
    this.#blocked.delete(stream);
    if (!this.#streams.delete(stream.id)) return false;
    if (this.#streams.size === 0) {
      this.#idleSince = performance.now();
      if (this.#idleTimer === undefined) this.#watchIdleness(idleMs);
    }
    return true;
  }

  /** One timer for as long as the connection is used now and then. */
  #watchIdleness(ms: number): void {
    const look = (): void => {
      this.#idleTimer = undefined;
      if (this.#streams.size > 0) return;
      const left = this.#idleSince + idleMs - performance.now();
      if (left > 0) this.#watchIdleness(left + 1);
      else this.goAway(errorCode.none);
    };
    this.#idleTimer = setTimeout(look, ms);
    this.#idleTimer.unref();
  }

  #dateField(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#date.second) this.#date = { second, field: encodedField('date', new Date(second * 1000).toUTCString()) };
    return this.#date.field;
  }

  #sendData(stream: Http2Stream, bytes: Buffer): void {
    const isLast = stream.isEnding && stream.queue.length === 0;
    if (isLast) stream.endIsSent = true;
    const head = Buffer.allocUnsafe(headBytes);
    putHead(head, { type: frameType.data, flags: isLast ? flag.endStream : 0, stream: stream.id }, bytes.length);
    this.#send(head);
    if (bytes.length > 0) this.#send(bytes);
  }

  /** An answer to what a client may send as often as it likes, whether it reads answers or not. */
  #control(frame: Buffer): void {
    if (this.#outBytes + this.socket.writableLength > maxControlBytes)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'answers are not read');
    this.#send(frame);
  }

  #send(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#out.push(bytes);
    this.#outBytes += bytes.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isOver || this.#outBytes === 0) return;
    const bytes = Buffer.concat(this.#out, this.#outBytes);
    this.#out = [];
    this.#outBytes = 0;
    this.#isFull = !this.socket.write(bytes);
    if (!this.#isFull) this.#resume();
  }

  /** Those that got something are last the next time. */
  #resume(): void {
    for (const stream of [...this.#blocked]) {
      this.#blocked.delete(stream);
      this.pump(stream);
    }
  }

  #closed(): void {
    this.#isOver = true;
    clearTimeout(this.#idleTimer);
    for (const stream of [...this.#streams.values()]) {
      this.#forget(stream);
      stream.abort();
    }
    clearTimeout(this.#idleTimer);
  }
}

const nothing = Buffer.alloc(0);

function fail(message: string): never {
  throw new ConnectionError(errorCode.protocol, message);
}

function expectLength({ payload }: Frame, length: number): void {
  if (payload.length !== length) throw new ConnectionError(errorCode.frameSize, 'no such size');
}

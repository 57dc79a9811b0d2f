/**
 * The server's side of an HTTP/2 connection (RFC 9113), with upstream's limits (apiserver pkg/server/secure_serving.go). What all its
 * streams send in one turn of the event loop is one write: encrypting and system calls are most of what a small answer costs.
 */
import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from '../http.ts';
import {
  ConnectionError,
  dependency,
  errorCode,
  expectLength,
  flag,
  type Frame,
  FrameReader,
  frameType,
  numbersFrame,
  setting,
  settingsFrame,
  settingsOf,
  unpadded,
} from './frames.ts';
import { CompressionError, type Field, HpackDecoder } from './hpack.ts';
import { DateField, IdleTimer, Rate } from './timing.ts';
import { LeftStream } from './left-stream.ts';
import { Outbox, SpareBuffers } from './outbox.ts';
import { areTrailers, isWellFormed, tooManyFields } from './request-fields.ts';
import { Http2Stream, type StreamOwner } from './stream.ts';

const maxStreams = 100;
const maxFrameBytes = 256 * 1024;
const streamWindow = 256 * 1024;
const connectionWindow = streamWindow * maxStreams;
/** Upstream's MaxHeaderBytes, and what Go adds for what ten fields cost beyond their text. */
const maxHeaderBytes = (1 << 20) + 320;
const tableBytes = 4096;
const idleMs = 90_000;
const defaultWindow = 65_535;
const largestWindow = 0x7fff_ffff;
/** What may be given to the socket at once, and what may wait in it before somebody who does not read is cut off. */
const maxBatchBytes = 256 * 1024;
const maxControlBytes = 4 << 20;
/** Frames of one header block, and requests taken back in a second: more is an attack. */
const maxContinuations = 128;
const maxResetsASecond = 400;
/** How long a client may take to close after it has been told that the connection ends (Go's goAwayTimeout). */
const lingerMs = 1000;

export type Http2Handler = (request: HttpRequest, response: HttpResponse) => void;

/** Serves what comes over the socket until it closes; the answer ends the connection in order. */
export function serveHttp2(socket: Socket, handle: Http2Handler, buffers = new SpareBuffers()): () => void {
  const connection = new Connection(socket, handle, buffers);
  return () => connection.goAway(errorCode.none);
}

interface HeaderBlock {
  readonly stream: number;
  readonly endStream: boolean;
  /** The stream is said to depend on itself. */
  readonly isCircular: boolean;
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
  #left = new LeftStream();
  #block: HeaderBlock | undefined;
  #sendWindow = defaultWindow;
  #initialSendWindow = defaultWindow;
  #sendFrameBytes = 16_384;
  #receiveWindow = connectionWindow;
  readonly #out: Outbox;
  #isScheduled = false;
  #isFull = false;
  /** The client's settings have come, which are the first frame. */
  #isGreeted = false;
  /** New requests are not taken. */
  #isLeaving = false;
  #isOver = false;
  readonly #resets = new Rate();
  readonly #date = new DateField();
  readonly #idle = new IdleTimer(idleMs, () => this.goAway(errorCode.none));

  constructor(socket: Socket, handle: Http2Handler, buffers: SpareBuffers) {
    this.socket = socket;
    this.#handle = handle;
    this.#out = new Outbox(buffers);
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
    this.#idle.begin();
  }

  head({ id, endIsSent }: Http2Stream, fields: string): void {
    const block = fields + this.#date.field();
    const flags = endIsSent ? flag.endStream : 0;
    for (let at = 0; at === 0 || at < block.length; at += this.#sendFrameBytes) {
      const length = Math.min(block.length - at, this.#sendFrameBytes);
      const type = at === 0 ? frameType.headers : frameType.continuation;
      const isLast = at + length === block.length;
      const head = { type, flags: (at === 0 ? flags : 0) | (isLast ? flag.endHeaders : 0), stream: id };
      this.#out.frame(head, length, block.slice(at, at + length));
    }
    this.#schedule();
  }

  pump(stream: Http2Stream): void {
    while (stream.queuedBytes > 0) {
      const length = Math.min(stream.queuedBytes, this.#sendFrameBytes, this.#sendWindow, stream.sendWindow);
      if (length <= 0 || this.#isFull || this.#out.length + length > maxBatchBytes) return void this.#blocked.add(stream);
      stream.sendWindow -= length;
      this.#sendWindow -= length;
      this.#sendData(stream, length);
    }
    if (stream.isEnding && !stream.endIsSent) this.#sendData(stream, 0);
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
    this.#left = new LeftStream(stream);
    this.#send(numbersFrame({ type: frameType.reset, flags: 0, stream: stream.id }, errorCode.none));
  }

  /** Answers what is under way, takes nothing new, and closes. */
  leave(): void {
    if (this.#isLeaving || this.#isOver) return;
    this.#isLeaving = true;
    this.#send(numbersFrame({ type: frameType.goAway, flags: 0, stream: 0 }, this.#lastStream, errorCode.none));
    if (this.#streams.size === 0) this.#linger();
  }

  /** Says why, and closes. */
  goAway(code: number): void {
    if (this.#isOver) return;
    if (!this.#isLeaving || code !== errorCode.none)
      this.#send(numbersFrame({ type: frameType.goAway, flags: 0, stream: 0 }, this.#lastStream, code));
    this.#flush();
    this.#isOver = true;
    if (code === errorCode.none) this.socket.destroySoon();
    // What the client has sent meanwhile is let in: closed at once, the socket would be reset, and the reason be lost.
    else this.socket.end();
    setTimeout(() => this.socket.destroy(), lingerMs).unref();
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
    // One after the other, each as far as it gets: side by side they would all wait for each other's next step.
    for (const { request, response } of fresh)
      setImmediate(() => {
        if (!response.destroyed) this.#handle(request, response);
      });
  }

  #frame(frame: Frame): void {
    const { type, stream } = frame;
    if (this.#block !== undefined && (type !== frameType.continuation || stream !== this.#block.stream))
      fail('a header block is not continued');
    if (!this.#isGreeted && type !== frameType.settings) fail('settings come first');
    this.#isGreeted = true;
    if (this.#isLeaving && stream > this.#lastStream && type !== frameType.headers && type !== frameType.continuation)
      return type === frameType.data ? this.#received(frame) : undefined;
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
        return this.#priority(frame);
      case frameType.goAway:
        return stream === 0 ? this.leave() : fail('a stream goes away');
    }
  }

  #data(frame: Frame): void {
    this.#received(frame);
    const { length } = frame.payload;
    const body = unpadded(frame);
    const isLast = (frame.flags & flag.endStream) !== 0;
    const stream = this.#streamOf(frame);
    if (stream === undefined) return this.#refuseLate(frame.stream, this.#left.data(frame.stream, body.length, isLast));
    if (stream.request.complete) return this.#refuse(stream, errorCode.streamClosed);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.#refuse(stream, errorCode.flowControl);
    if (!stream.request.fits(body.length, isLast)) return this.#refuse(stream, errorCode.protocol);
    stream.request.receive(body, isLast);
    if (body.length === length) return;
    this.#expectReader();
    this.credit(stream, length - body.length);
  }

  /** Counts data against the connection's window. */
  #received({ payload }: Frame): void {
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < 0) throw new ConnectionError(errorCode.flowControl, 'more than the window');
    if (this.#receiveWindow < connectionWindow / 2) this.#widen();
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
    const hasPriority = (flags & flag.priority) !== 0;
    if (hasPriority && payload.length < 5) throw new ConnectionError(errorCode.frameSize, 'a priority cut short');
    const block = hasPriority ? payload.subarray(5) : payload;
    const isCircular = hasPriority && dependency(payload) === stream;
    this.#block = { stream, endStream: (flags & flag.endStream) !== 0, isCircular, pieces: [block], bytes: block.length };
    if ((flags & flag.endHeaders) !== 0) this.#blockEnds(this.#block);
  }

  #continuation({ flags, payload }: Frame): void {
    const block = this.#block;
    if (block === undefined) return fail('nothing to continue');
    block.pieces.push(payload);
    block.bytes += payload.length;
    if (block.bytes > maxHeaderBytes + maxFrameBytes || block.pieces.length > maxContinuations)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'an endless header block');
    if ((flags & flag.endHeaders) !== 0) this.#blockEnds(block);
  }

  #blockEnds(block: HeaderBlock): void {
    this.#block = undefined;
    const { stream: id, endStream, pieces } = block;
    const fields = this.#decoder.decode(pieces.length === 1 ? (pieces[0] ?? nothing) : Buffer.concat(pieces));
    if (id > this.#lastStream) {
      if (this.#isLeaving) return;
      this.#lastStream = id;
      return this.#begin(block, fields);
    }
    this.#trailers(id, endStream && fields !== undefined && areTrailers(fields));
  }

  /** Nobody here wants to know what they say. */
  #trailers(id: number, isWell: boolean): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (!this.#left.is(id)) fail('a stream that has ended');
      return this.#refuseLate(id, isWell ? undefined : errorCode.protocol);
    }
    if (stream.request.complete) return this.#refuse(stream, errorCode.streamClosed);
    if (isWell) this.#complete(stream);
    else this.#refuse(stream, errorCode.protocol);
  }

  #begin({ stream: id, endStream, isCircular }: HeaderBlock, fields: readonly Field[] | undefined): void {
    const stream = new Http2Stream(this, id, fields ?? [], { send: this.#initialSendWindow, receive: streamWindow });
    this.#expectReader();
    this.#streams.set(id, stream);
    this.#idle.end();
    if (this.#streams.size > maxStreams) return this.#refuse(stream, errorCode.refusedStream);
    if (isCircular || (fields !== undefined && !isWellFormed(fields))) return this.#refuse(stream, errorCode.protocol);
    if (endStream) this.#complete(stream);
    if (fields === undefined) return void stream.response.writeHead(431, ['Content-Type', 'text/html; charset=utf-8']).end(tooManyFields);
    this.#fresh.push(stream);
  }

  #priority(frame: Frame): void {
    expectLength(frame, 5);
    const { stream, payload } = frame;
    if (stream === 0) fail('a priority of no stream');
    if (dependency(payload) !== stream) return;
    const known = this.#streams.get(stream);
    if (known === undefined) this.#refuseLate(stream, errorCode.protocol);
    else this.#refuse(known, errorCode.protocol);
  }

  /** Resets a stream for what the client did with it. */
  #refuse(stream: Http2Stream, code: number): void {
    this.#expectReader();
    this.reset(stream, code);
    stream.abort();
    if (code !== errorCode.refusedStream) this.#taken(stream);
  }

  /** Says what is wrong with what came for a stream that has ended, if anything is. */
  #refuseLate(id: number, code: number | undefined): void {
    if (code === undefined) return;
    if (this.#left.is(id)) this.#left = new LeftStream();
    this.#control(numbersFrame({ type: frameType.reset, flags: 0, stream: id }, code));
  }

  #reset(frame: Frame): void {
    expectLength(frame, 4);
    const stream = this.#streamOf(frame);
    if (this.#left.is(frame.stream)) this.#left = new LeftStream();
    if (stream === undefined) return;
    this.#forget(stream);
    stream.abort();
    this.#taken(stream);
  }

  /** Counts requests that came to nothing by the client's doing. Watches and the like, which were answered, end so all the time. */
  #taken({ response }: Http2Stream): void {
    if (response.headersSent) return;
    if (this.#resets.exceeds(maxResetsASecond)) throw new ConnectionError(errorCode.enhanceYourCalm, 'requests are only taken back');
  }

  #settings(frame: Frame): void {
    if ((frame.flags & flag.ack) !== 0) return void settingsOf(frame);
    for (const [id, value] of settingsOf(frame)) {
      if (id === setting.maxFrameSize) this.#sendFrameBytes = Math.min(value, maxFrameBytes);
      if (id === setting.initialWindowSize) this.#setInitialWindow(value);
    }
    this.#control(numbersFrame({ type: frameType.settings, flags: flag.ack, stream: 0 }));
    this.#resume();
  }

  #setInitialWindow(value: number): void {
    for (const stream of this.#streams.values()) {
      stream.sendWindow += value - this.#initialSendWindow;
      if (stream.sendWindow > largestWindow) throw new ConnectionError(errorCode.flowControl, 'a window too large');
    }
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
    if (stream === undefined) return this.#refuseLate(frame.stream, this.#left.windowUpdate(frame.stream, more));
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
      if (this.#isLeaving) this.#linger();
      else this.#idle.begin();
    }
    return true;
  }

  /** The client may close first. */
  #linger(): void {
    if (!this.#isOver) setTimeout(() => this.goAway(errorCode.none), lingerMs).unref();
  }

  /** The next bytes of what the stream has queued. */
  #sendData(stream: Http2Stream, length: number): void {
    const isLast = stream.isEnding && stream.queuedBytes === length;
    if (isLast) stream.endIsSent = true;
    this.#out.frame({ type: frameType.data, flags: isLast ? flag.endStream : 0, stream: stream.id }, length);
    stream.dequeue(length, this.#out);
    this.#schedule();
  }

  /** An answer to what a client may send as often as it likes. */
  #control(frame: Buffer): void {
    this.#expectReader();
    this.#send(frame);
  }

  /** Before more is sent that no window holds back. */
  #expectReader(): void {
    if (this.#out.length + this.socket.writableLength > maxControlBytes)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'answers are not read');
  }

  #send(frame: Buffer): void {
    if (this.#isOver) return;
    this.#out.add(frame);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isOver || this.#out.length === 0) return;
    const { bytes, written } = this.#out.take();
    this.#isFull = !this.socket.write(bytes, written);
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
    for (const stream of [...this.#streams.values()]) {
      this.#forget(stream);
      stream.abort();
    }
    this.#idle.stop();
  }
}

const nothing = Buffer.alloc(0);

function fail(message: string): never {
  throw new ConnectionError(errorCode.protocol, message);
}

/** One request of an HTTP/2 connection and its answer, as handlers see them. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import type { HeaderFields, HttpRequest, HttpResponse } from '../http.ts';
import { Pieces } from '../pieces.ts';
import { errorCode } from './frames.ts';
import { encodedField, encodedStatus, type Field } from './hpack.ts';

/** What a stream asks of its connection. */
export interface StreamOwner {
  readonly socket: Socket;
  /** `block`: the header fields, one character an octet. */
  head(stream: Http2Stream, block: string): void;
  /** Sends what the stream has queued as far as the other side takes it. */
  pump(stream: Http2Stream): void;
  /** The other side may send so many more bytes. */
  credit(stream: Http2Stream, bytes: number): void;
  reset(stream: Http2Stream, code: number): void;
  /** All of the answer has been sent. */
  closed(stream: Http2Stream): void;
  /** Takes no more requests. */
  leave(): void;
}

/** So many pieces that have gone, or as many as are left, may stand before those that wait. */
const mostGone = 64;

export class Http2Stream {
  readonly id: number;
  readonly owner: StreamOwner;
  readonly request: Http2Request;
  readonly response: Http2Response;
  /** How many bytes of bodies each side may still send. */
  sendWindow: number;
  receiveWindow: number;
  /** What waits to be sent, from #first on: a list may be a hundred thousand pieces. */
  #queue: Buffer[] = [];
  #first = 0;
  queuedBytes = 0;
  /** Nothing comes after what is queued; `flushed` is called when that has gone. */
  isEnding = false;
  endIsSent = false;
  flushed: (() => void) | undefined;

  constructor(owner: StreamOwner, id: number, fields: readonly Field[], windows: { readonly send: number; readonly receive: number }) {
    this.owner = owner;
    this.id = id;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
    this.request = new Http2Request(this, fields);
    this.response = new Http2Response(this);
  }

  /** Takes the next bytes of what is queued, of which there must be as many. */
  dequeue(bytes: number, into: { add(piece: Buffer): void }): void {
    this.queuedBytes -= bytes;
    let left = bytes;
    while (left > 0) {
      const piece = this.#queue[this.#first] as Buffer;
      if (piece.length > left) {
        into.add(piece.subarray(0, left));
        this.#queue[this.#first] = piece.subarray(left);
        return;
      }
      into.add(piece);
      this.#first++;
      left -= piece.length;
    }
    if (this.queuedBytes > 0 && (this.#first < mostGone || this.#first * 2 < this.#queue.length)) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }

  enqueue(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#queue.push(piece);
    this.queuedBytes += piece.length;
  }

  /** The client has gone, or gone away from this request. */
  abort(): void {
    this.request.abort();
    this.response.abort();
  }
}

/** Windows are widened by so many bytes or more: most bodies are smaller and need no frame for that. */
const creditFrom = 32 * 1024;

/** Of these the first one counts; what else comes more than once is joined with commas, as in node:http. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'user-agent',
]);

export class Http2Request extends Readable implements HttpRequest {
  readonly httpVersion = '2.0';
  readonly socket: Socket;
  method = '';
  url = '';
  readonly headers: IncomingHttpHeaders = {};
  complete = false;
  readonly #stream: Http2Stream;
  readonly #fields: readonly Field[];
  /** What has come before anybody reads. */
  readonly #pieces = new Pieces();
  #isRead = false;
  #bytes = 0;
  /** Came, and the window was not widened for it yet. */
  #owed = 0;

  constructor(stream: Http2Stream, fields: readonly Field[]) {
    super({ autoDestroy: false });
    this.#stream = stream;
    this.#fields = fields;
    this.socket = stream.owner.socket;
    for (const [name, value] of fields) {
      if (name === ':method') this.method = value;
      else if (name === ':path') this.url = value;
      else if (name === ':authority') this.headers.host = value;
      else if (!name.startsWith(':')) this.#setHeader(name, value);
    }
  }

  get headersDistinct(): NodeJS.Dict<string[]> {
    const distinct: NodeJS.Dict<string[]> = {};
    for (const [name, value] of this.#fields) if (!name.startsWith(':')) (distinct[name] ??= []).push(value);
    return distinct;
  }

  whole(): Buffer | undefined {
    if (!this.complete || this.#isRead) return undefined;
    return this.#pieces.joined();
  }

  /** How many bytes are still to come, if the client said how many there are. */
  get missing(): number | undefined {
    const length = this.headers['content-length'];
    return length === undefined ? undefined : Number(length) - this.#bytes;
  }

  /** Whether so many more bytes, and then perhaps none, are what the client said would come. */
  fits(bytes: number, isLast: boolean): boolean {
    const { missing } = this;
    return missing === undefined || (isLast ? bytes === missing : bytes <= missing);
  }

  /** A piece of the body has come, perhaps the last one. */
  receive(piece: Buffer, isLast: boolean): void {
    this.#bytes += piece.length;
    if (isLast) this.complete = true;
    if (piece.length > 0) {
      if (this.#isRead) this.#hand(piece);
      else this.#pieces.add(piece);
    }
    if (isLast && this.#isRead) this.push(null);
  }

  abort(): void {
    if (this.complete) return;
    this.destroy(this.listenerCount('error') > 0 ? new Error('aborted') : undefined);
  }

  override _read(): void {
    if (this.#isRead) return this.#credit();
    this.#isRead = true;
    for (const piece of this.#pieces.take()) this.#hand(piece);
    if (this.complete) this.push(null);
  }

  /** What nobody takes is not asked for again: the client then stops sending. */
  #hand(piece: Buffer): void {
    this.#owed += piece.length;
    if (this.push(piece)) this.#credit();
  }

  #credit(): void {
    if (this.#owed < creditFrom) return;
    this.#stream.owner.credit(this.#stream, this.#owed);
    this.#owed = 0;
  }

  #setHeader(name: string, value: string): void {
    const before = this.headers[name];
    if (name === 'set-cookie') this.headers[name] = [...(this.headers[name] ?? []), value];
    else if (before === undefined) this.headers[name] = value;
    else if (!single.has(name)) this.headers[name] = `${String(before)}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
}

/** They say how an HTTP/1.1 connection goes on; HTTP/2 forbids them. */
const connectionFields: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

export class Http2Response extends Writable implements HttpResponse {
  statusCode = 200;
  statusMessage = '';
  readonly socket = null;
  headersSent = false;
  readonly #stream: Http2Stream;
  #set: Map<string, string> | undefined;
  #fields = '';
  #isOver = false;

  constructor(stream: Http2Stream) {
    super();
    this.#stream = stream;
  }

  /** Bytes that wait for the client. */
  get pendingBytes(): number {
    return this.#stream.queuedBytes;
  }

  setHeader(name: string, value: string): void {
    (this.#set ??= new Map()).set(name.toLowerCase(), value);
  }

  hasHeader(name: string): boolean {
    return this.#set?.has(name.toLowerCase()) === true;
  }

  writeHead(code: number, headers: HeaderFields = []): this {
    this.statusCode = code;
    if (Array.isArray(headers)) {
      for (let at = 0; at < headers.length; at += 2) this.#field(headers[at] ?? '', headers[at + 1] ?? '');
      return this;
    }
    for (const [name, value] of Object.entries(headers)) {
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) this.#field(name, String(one));
    }
    return this;
  }

  flushHeaders(): void {
    this.#sendHead(false);
  }

  detachSocket(): void {
    throw new Error('an HTTP/2 connection cannot be handed over');
  }

  endConnection(): void {
    this.#stream.owner.leave();
  }

  /** Sends bytes without waiting for those before, unless it is corked; how many wait tells {@link pendingBytes}. */
  writeNow(piece: Buffer): void {
    if (this.#isOver || this.writableEnded) return;
    this.#sendHead(false);
    this.#stream.enqueue(piece);
    if (this.writableCorked === 0) this.#stream.owner.pump(this.#stream);
  }

  override uncork(): void {
    super.uncork();
    if (this.#stream.queuedBytes > 0 && this.writableCorked === 0 && !this.#isOver) this.#stream.owner.pump(this.#stream);
  }

  /** The client takes no more. */
  abort(): void {
    this.#isOver = true;
    this.destroy();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#sendHead(false);
    this.#stream.enqueue(chunk);
    this.#stream.flushed = callback;
    this.#stream.owner.pump(this.#stream);
  }

  override _final(callback: () => void): void {
    const stream = this.#stream;
    stream.isEnding = true;
    stream.flushed = () => {
      this.#isOver = true;
      stream.owner.closed(stream);
      callback();
    };
    this.#sendHead(stream.queuedBytes === 0);
    stream.owner.pump(stream);
  }

  override _destroy(_error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#isOver) {
      this.#isOver = true;
      // As Go's server says it of an aborted handler.
      this.#stream.owner.reset(this.#stream, errorCode.internal);
    }
    callback(null);
  }

  override end(...args: unknown[]): this {
    if (this.writableEnded) return this;
    const [chunk] = args;
    // The usual answer is one piece: its last frame says that it is the last one.
    if (args.length !== 1 || !Buffer.isBuffer(chunk) || this.headersSent) return super.end(...(args as []));
    this.endWith([chunk]);
    return this;
  }

  /** What is left of the answer, in pieces. */
  endWith(pieces: readonly Buffer[]): void {
    if (this.writableEnded || this.destroyed) return;
    for (const piece of pieces) this.#stream.enqueue(piece);
    super.end();
  }

  #sendHead(isLast: boolean): void {
    if (this.headersSent) return;
    this.headersSent = true;
    if (isLast) this.#stream.endIsSent = true;
    for (const [name, value] of this.#set ?? []) if (!connectionFields.has(name)) this.#fields += encodedField(name, value);
    this.#stream.owner.head(this.#stream, encodedStatus(this.statusCode) + this.#fields);
  }

  /** A field of the answer's own; it replaces one that was set before. */
  #field(name: string, value: string): void {
    const lower = name.toLowerCase();
    this.#set?.delete(lower);
    if (!connectionFields.has(lower)) this.#fields += encodedField(lower, value);
  }
}

/** A request's way back to its client, whichever HTTP it speaks. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import type { RawHeaders } from './headers.ts';
import { refuse, refusalText } from './refuse.ts';

/** Of an answer, what belongs to one connection left out. */
export interface AnswerHead {
  readonly status: number;
  readonly message: string;
  readonly headers: string[];
  /** Nothing follows, neither body nor trailers. */
  readonly isWhole: boolean;
}

export interface Downstream {
  readonly method: string;
  readonly body: Readable;
  /** How the client says where the body ends; `none`: there is no body. */
  readonly framing: 'none' | 'chunked' | 'length';
  /** What the body's length is said to be. */
  readonly length: number | undefined;
  readonly status: number | undefined;
  readonly isGone: boolean;
  /** Begins the answer; its body goes into what comes back. */
  answer(head: AnswerHead): Writable;
  /** Sends the head now, though there is no body yet. */
  flush(): void;
  /** What follows the body; before that ends. Clients of HTTP/1.1 are not told. */
  trailers(raw: RawHeaders): void;
  /** An answer of this server's own. */
  refuse(status: number, message: string, headers?: Readonly<Record<string, string>>): void;
  /** Ends the connection or the stream so that nobody takes what came for whole. */
  abort(): void;
  /** Called once, when the answer is out or nobody waits for it any more. */
  onClosed(call: (isWhole: boolean) => void): void;
}

export class Http1Downstream implements Downstream {
  readonly method: string;
  readonly framing: Downstream['framing'];
  readonly length: number | undefined;
  readonly body: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.body = request;
    this.#response = response;
    this.method = request.method ?? 'GET';
    const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
    this.length = length === undefined ? undefined : Number(length);
    this.framing = coding !== undefined ? 'chunked' : length !== undefined && length !== '0' ? 'length' : 'none';
  }

  get status(): number | undefined {
    return this.#response.headersSent ? this.#response.statusCode : undefined;
  }

  get isGone(): boolean {
    return this.#response.destroyed;
  }

  answer({ status, message, headers }: AnswerHead): Writable {
    return this.#response.writeHead(status, message, headers);
  }

  flush(): void {
    this.#response.flushHeaders();
  }

  trailers(): void {
    // Few clients want them, and none of them may rely on them (RFC 9110 6.5.1).
  }

  refuse(status: number, message: string, headers?: Readonly<Record<string, string>>): void {
    refuse(this.#response, { status, message, ...(headers === undefined ? {} : { headers }) });
  }

  abort(): void {
    this.#response.destroy();
  }

  onClosed(call: (isWhole: boolean) => void): void {
    this.#response.once('close', () => call(this.#response.writableFinished));
  }
}

const noBody = new Set([204, 205, 304]);

export class Http2Downstream implements Downstream {
  readonly method: string;
  readonly framing: Downstream['framing'];
  readonly length: number | undefined;
  readonly body: ServerHttp2Stream;
  #trailers: OutgoingHttpHeaders = {};
  #status: number | undefined;

  constructor(
    stream: ServerHttp2Stream,
    facts: { readonly method: string; readonly length: string | undefined; readonly hasBody: boolean },
  ) {
    this.body = stream;
    this.method = facts.method;
    this.length = facts.length === undefined ? undefined : Number(facts.length);
    this.framing = !facts.hasBody ? 'none' : facts.length === undefined ? 'chunked' : 'length';
  }

  get status(): number | undefined {
    return this.#status;
  }

  get isGone(): boolean {
    return this.body.destroyed;
  }

  answer({ status, headers, isWhole }: AnswerHead): Writable {
    this.#status = status;
    const endStream = isWhole || noBody.has(status) || this.method === 'HEAD';
    const stream = this.body;
    if (!endStream) stream.once('wantTrailers', () => stream.sendTrailers(this.#trailers));
    stream.respond({ ':status': status, ...http2Headers(headers) }, { endStream, waitForTrailers: !endStream });
    return stream;
  }

  flush(): void {
    // Heads of HTTP/2 do not wait for bodies.
  }

  trailers(raw: RawHeaders): void {
    this.#trailers = http2Headers(raw);
  }

  refuse(status: number, message: string, headers: Readonly<Record<string, string>> = {}): void {
    if (this.isGone || this.body.headersSent) return this.abort();
    this.#status = status;
    const text = refusalText(status, message);
    this.body.respond(
      { ':status': status, 'content-type': 'text/plain; charset=utf-8', ...headers },
      { endStream: this.method === 'HEAD' },
    );
    this.body.end(this.method === 'HEAD' ? undefined : text);
    // The rest of the body is not wanted; the answer stands (RFC 9113 8.1).
    if (this.framing !== 'none') this.body.once('finish', () => this.body.close(constants.NGHTTP2_NO_ERROR));
  }

  abort(): void {
    if (!this.body.destroyed) this.body.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  onClosed(call: (isWhole: boolean) => void): void {
    this.body.once('close', () => call(this.body.writableFinished && this.body.rstCode === constants.NGHTTP2_NO_ERROR));
  }
}

/** For HTTP/2 names are written small, and what comes twice is a list. */
export function http2Headers(raw: RawHeaders): OutgoingHttpHeaders {
  const out: Record<string, string | string[]> = {};
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    const before = out[name];
    if (before === undefined) out[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else out[name] = [before, value];
  }
  return out;
}

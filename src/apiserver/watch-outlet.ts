/** Where watch events go: a chunked HTTP answer or a WebSocket. */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { ResourceEvent } from '../registry/store.ts';
import type { Exchange } from './exchange.ts';
import type { HttpResponse } from './http.ts';
import type { Http2Response } from './http2/stream.ts';
import { mediaTypes } from './media-type.ts';
import { headersOf } from './respond.ts';
import { chunkOf, type EventEncoder } from './watch-encoding.ts';

export interface WatchOutlet {
  /** Tells the client that the watch has begun; a no-op when it knows already. */
  open(): void;
  /** Answers how many bytes that were. */
  send(events: readonly ResourceEvent[], encoder: EventEncoder): number;
  sendLine(line: Buffer): void;
  /** Bytes that wait for the client. */
  readonly pending: number;
  end(): void;
  destroy(): void;
  onClose(call: () => void): void;
}

/**
 * When watchers are written to: the first events at once (in the next turn of the loop), those that follow within a few
 * milliseconds together. A write costs as much as encrypting some kilobytes, and what comes in one piece wakes the client up once,
 * so this is what many watchers live on.
 */
export class Flusher {
  readonly #everyMs: number;
  readonly #waiting = new Set<Writable>();
  #last = 0;
  #scheduled = false;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Holds what is written there back until the next flush. */
  hold(stream: Writable): void {
    if (this.#waiting.has(stream)) return;
    stream.cork();
    this.#waiting.add(stream);
    if (this.#scheduled) return;
    this.#scheduled = true;
    const wait = this.#last + this.#everyMs - performance.now();
    if (wait <= 0) setImmediate(this.#flush);
    else setTimeout(this.#flush, wait);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const stream of waiting) stream.uncork();
    this.#last = performance.now();
  };
}

/** A connection for every watcher costs a write each, one for all of them a few frames. */
export const createFlushers = (): { readonly http1: Flusher; readonly http2: Flusher } => ({
  http1: new Flusher(5),
  http2: new Flusher(2),
});

/** What an answer does alike, over whichever HTTP it goes. */
abstract class ResponseOutlet<Response extends HttpResponse | Http2Response> implements WatchOutlet {
  protected readonly exchange: Exchange;
  protected readonly response: Response;

  constructor(exchange: Exchange, response: Response) {
    this.exchange = exchange;
    this.response = response;
  }

  open(): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    response.writeHead(200, this.headers());
    response.flushHeaders();
  }

  abstract send(events: readonly ResourceEvent[], encoder: EventEncoder): number;
  abstract sendLine(line: Buffer): void;
  abstract get pending(): number;

  end(): void {
    this.open();
    this.response.end();
  }

  destroy(): void {
    this.response.destroy();
  }

  onClose(call: () => void): void {
    this.response.once('close', call);
  }

  protected headers(): string[] {
    return headersOf(this.exchange, streamType(this.exchange));
  }
}

/** Writes whole chunks, framed once for all watchers, past the response's own framing. */
export class HttpOutlet extends ResponseOutlet<HttpResponse> {
  readonly #flusher: Flusher;

  constructor(exchange: Exchange, flusher: Flusher) {
    super(exchange, exchange.response);
    this.#flusher = flusher;
  }

  send(events: readonly ResourceEvent[], encoder: EventEncoder): number {
    const chunk = encoder.chunk(events);
    this.#write(chunk);
    return chunk.length;
  }

  sendLine(line: Buffer): void {
    this.#write(chunkOf([line]));
  }

  get pending(): number {
    return this.response.socket?.writableLength ?? 0;
  }

  protected override headers(): string[] {
    return [...super.headers(), 'Transfer-Encoding', 'chunked'];
  }

  #write(chunk: Buffer): void {
    this.open();
    const { socket } = this.response;
    if (socket === null || socket.destroyed) return;
    this.#flusher.hold(socket);
    socket.write(chunk);
  }
}

/** Writes batches, joined once for all watchers; their connection sends what all of them got as one write. */
export class Http2Outlet extends ResponseOutlet<Http2Response> {
  readonly #flusher: Flusher;

  constructor(exchange: Exchange, response: Http2Response, flusher: Flusher) {
    super(exchange, response);
    this.#flusher = flusher;
  }

  send(events: readonly ResourceEvent[], encoder: EventEncoder): number {
    const batch = encoder.batch(events);
    this.sendLine(batch);
    return batch.length;
  }

  sendLine(line: Buffer): void {
    this.open();
    this.#flusher.hold(this.response);
    this.response.writeNow(line);
  }

  get pending(): number {
    return this.response.pendingBytes;
  }
}

function streamType(exchange: Exchange): string {
  return isBinary(exchange) ? `${mediaTypes.protobuf};stream=watch` : mediaTypes.json;
}

function isBinary({ format }: Exchange): boolean {
  return format.encoding === 'protobuf';
}

/** A request to go on as WebSocket. */
export interface WebSocketUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly webSockets: WebSocketServer;
}

/**
 * One message an event: text for JSON, binary for protobuf (apiserver pkg/endpoints/handlers/watch.go, HandleWS). The handshake is
 * answered when the watch has begun, so that a refusal can still be an HTTP answer.
 */
export class WebSocketOutlet implements WatchOutlet {
  readonly #exchange: Exchange;
  readonly #upgrade: WebSocketUpgrade;
  #client: WebSocket | undefined;

  constructor(exchange: Exchange, upgrade: WebSocketUpgrade) {
    this.#exchange = exchange;
    this.#upgrade = upgrade;
  }

  open(): void {
    const { request, socket, head, webSockets } = this.#upgrade;
    if (this.#client !== undefined || socket.destroyed) return;
    this.#exchange.response.detachSocket(request.socket);
    webSockets.handleUpgrade(request, socket, head, (client) => {
      this.#client = client;
    });
  }

  send(events: readonly ResourceEvent[], encoder: EventEncoder): number {
    let bytes = 0;
    for (const event of events) {
      const message = encoder.event(event);
      this.sendLine(message);
      bytes += message.length;
    }
    return bytes;
  }

  sendLine(line: Buffer): void {
    this.open();
    this.#client?.send(line, { binary: isBinary(this.#exchange) });
  }

  get pending(): number {
    return this.#client?.bufferedAmount ?? 0;
  }

  end(): void {
    this.open();
    this.#client?.close(1000);
  }

  destroy(): void {
    this.#upgrade.socket.destroy();
  }

  onClose(call: () => void): void {
    this.#upgrade.socket.once('close', call);
  }
}

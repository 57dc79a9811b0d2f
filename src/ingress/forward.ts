/** One request to a backend and its answer back, as streams: nothing is held here but what is on its way. */
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Target } from './backends.ts';
import type { BackendAgents } from './connections.ts';
import type { AnswerHead, Downstream } from './downstream.ts';
import type { Http2Sessions } from './http2-sessions.ts';
import type { BackendProtocol } from './policy.ts';
import type { Order, Repeat, Upstream, UpstreamEvents } from './upstream.ts';
import { askHttp1, askHttp2 } from './upstream.ts';

export interface Exchange {
  readonly client: Downstream;
  /** For the backend, the body's framing left out. */
  readonly headers: string[];
  /** The request target in origin form. */
  readonly path: string;
  readonly protocol: BackendProtocol;
  /** For the client, where the backend says nothing of the kind. */
  readonly strictTransport: string | undefined;
  readonly maxBody: number | undefined;
  readonly connectMs: number;
  readonly silentMs: number;
  /** The next endpoint of those not tried yet. */
  readonly next: (tried: readonly Target[]) => Target | undefined;
}

export interface ForwardOptions {
  readonly agents: BackendAgents;
  readonly sessions: Http2Sessions;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long a client may pause within its body, in ms. */
  readonly bodyMs: number;
  /** An endpoint that did not take a connection. */
  readonly unreachable: (target: Target) => void;
  readonly retried: () => void;
}

/** RFC 9110 9.2.2. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
/** Endpoints asked for one request, the first included. */
const maxTries = 3;

/** Answers every request, at the latest when the backend has been silent for too long. */
export function forward(exchange: Exchange, options: ForwardOptions): void {
  const { client, maxBody } = exchange;
  if (maxBody !== undefined && (client.length ?? 0) > maxBody) return client.refuse(413, 'the body is larger than this host takes');
  const target = exchange.next([]);
  if (target === undefined) return client.refuse(503, 'no endpoint of the service is ready');
  new Forwarding(exchange, options).start(target);
}

class Forwarding implements UpstreamEvents {
  readonly #exchange: Exchange;
  readonly #options: ForwardOptions;
  readonly #tried: Target[] = [];
  #upstream: Upstream | undefined;
  #sending: Writable | undefined;
  #isOver = false;
  #cancelWatch: () => void = () => undefined;

  constructor(exchange: Exchange, options: ForwardOptions) {
    this.#exchange = exchange;
    this.#options = options;
    exchange.client.onClosed((isWhole) => {
      this.#isOver = true;
      this.#cancelWatch();
      if (!isWhole) this.#upstream?.destroy();
    });
  }

  start(target: Target): void {
    this.#tried.push(target);
    const { client, headers, path, protocol, connectMs, silentMs } = this.#exchange;
    const isSecure = protocol === 'https' || protocol === 'h2';
    const order: Order = { target, method: client.method, path, headers, framing: client.framing, isSecure, connectMs, silentMs };
    const { agents, sessions } = this.#options;
    const isHttp2 = protocol === 'h2c' || protocol === 'h2';
    this.#upstream = isHttp2 ? askHttp2(sessions, order, this) : askHttp1(agents[isSecure ? 'https' : 'http'], order, this);
  }

  ready(sending: Writable): void {
    const { body } = this.#exchange.client;
    this.#sending = sending;
    this.#watchBody(body);
    body.pipe(sending);
  }

  answer({ isWhole, ...head }: AnswerHead, body: Readable): void {
    const { client } = this.#exchange;
    if (this.#isOver || client.isGone) return void body.destroy();
    const headers = withStrictTransport(head.headers, this.#exchange.strictTransport);
    const receiving = client.answer({ ...head, headers, isWhole });
    // An answer that breaks off must not look whole.
    body.on('error', () => client.abort());
    body.on('aborted', () => client.abort());
    if (isWhole) return void body.resume();
    body.pipe(receiving);
    // A stream of events may have nothing to say yet; its head goes all the same. (Most bodies come with their heads.)
    setImmediate(() => {
      if (!body.readableDidRead && !body.readableEnded && !this.#isOver) client.flush();
    });
    // What is left then is in this process and its socket: a client that takes none of it is not waited for.
    body.once('end', () => this.#limitRest());
  }

  trailers(raw: readonly string[]): void {
    this.#exchange.client.trailers(raw);
  }

  failed(error: NodeJS.ErrnoException, repeat: Repeat): void {
    const { client, next } = this.#exchange;
    if (this.#isOver || client.isGone) return;
    if (client.status !== undefined) return client.abort();
    const target = this.#tried.at(-1);
    if (target !== undefined && error.syscall === 'connect') this.#options.unreachable(target);
    const mayRepeat = repeat === 'always' || (repeat === 'idempotent' && idempotent.has(client.method));
    if (mayRepeat && this.#tried.length < maxTries) {
      // A kept connection that just ended says nothing about its endpoint.
      const other = next(this.#tried) ?? (repeat === 'idempotent' ? target : undefined);
      if (other !== undefined) {
        this.#options.retried();
        return this.start(other);
      }
    }
    const endpoint = target === undefined ? '' : `${target.host}:${target.port}`;
    this.#options.logger.debug({ code: error.code, endpoint }, 'a backend did not answer');
    this.#stopBody();
    client.refuse(error.code === 'ETIMEDOUT' ? 504 : 502, 'the service did not answer');
  }

  /** Counts the body where it is limited, and ends a request whose body stops coming. */
  #watchBody(body: Readable): void {
    const { client, maxBody } = this.#exchange;
    const { clock, bodyMs } = this.#options;
    let size = 0;
    let seen = -1;
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (maxBody !== undefined && size > maxBody) this.#end(413, 'the body is larger than this host takes');
    });
    const watch = (): void => {
      // A body that waits for its backend is no fault of the client.
      if (size === seen && !body.isPaused()) return this.#end(408, 'the body did not come');
      seen = size;
      this.#cancelWatch = clock.after(bodyMs, watch);
    };
    watch();
    body.once('end', () => this.#cancelWatch());
    body.once('error', () => client.abort());
  }

  #limitRest(): void {
    this.#cancelWatch();
    if (this.#isOver) return;
    this.#cancelWatch = this.#options.clock.after(this.#exchange.silentMs, () => this.#exchange.client.abort());
  }

  #end(status: number, message: string): void {
    const { client } = this.#exchange;
    this.#cancelWatch();
    this.#stopBody();
    this.#isOver = true;
    this.#upstream?.destroy();
    if (client.status === undefined) client.refuse(status, message);
    else client.abort();
  }

  #stopBody(): void {
    if (this.#sending !== undefined) this.#exchange.client.body.unpipe(this.#sending);
  }
}

const strictTransportHeader = 'strict-transport-security';

function withStrictTransport(headers: string[], wanted: string | undefined): string[] {
  if (wanted === undefined || headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === strictTransportHeader)) return headers;
  return [...headers, strictTransportHeader, wanted];
}

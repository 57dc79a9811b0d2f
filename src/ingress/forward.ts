/** One request to a backend and its answer back, as streams: nothing is held here but what is on its way. */
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import type { Logger } from '../base/logger.ts';
import type { Target } from './backends.ts';
import { responseHeaders } from './headers.ts';
import { refuse } from './refuse.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** For the backend, the body's framing left out. */
  readonly headers: string[];
  /** The request target in origin form. */
  readonly path: string;
  /** The next endpoint, another one than the one given. */
  readonly next: (not?: Target) => Target | undefined;
}

export interface ForwardOptions {
  readonly agent: Agent;
  readonly logger: Logger;
}

/** RFC 9110 9.2.2. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
/** Methods whose missing body has to be said. */
const expectBody = new Set(['POST', 'PUT', 'PATCH']);

/** Answers every request, at the latest when the backend has been silent for too long. */
export function forward(exchange: Exchange, options: ForwardOptions): void {
  const target = exchange.next();
  if (target === undefined) return refuse(exchange.response, 503, 'no endpoint of the service is ready');
  new Forwarding(exchange, options).start(target);
}

class Forwarding {
  readonly #exchange: Exchange;
  readonly #options: ForwardOptions;
  readonly #hasBody: boolean;
  #upstream: ClientRequest | undefined;
  #isRetry = false;

  constructor(exchange: Exchange, options: ForwardOptions) {
    this.#exchange = exchange;
    this.#options = options;
    const { headers } = exchange.request;
    // The framing is said anew and in one way only: chunks where there were chunks, else the length the parser went by. (The content-length
    // that requestHeaders lets through is that one.)
    const isChunked = headers['transfer-encoding'] !== undefined;
    const length = headers['content-length'];
    this.#hasBody = isChunked || (length !== undefined && length !== '0');
    if (isChunked) exchange.headers.push('transfer-encoding', 'chunked');
    else if (length === undefined && expectBody.has(exchange.request.method ?? '')) exchange.headers.push('content-length', '0');
    exchange.response.on('close', () => {
      if (!exchange.response.writableFinished) this.#upstream?.destroy();
    });
  }

  start(target: Target): void {
    const { request: incoming, headers, path } = this.#exchange;
    const upstream = request({
      agent: this.#options.agent,
      host: target.host,
      port: target.port,
      method: incoming.method ?? 'GET',
      path,
      headers,
      setHost: false,
    });
    this.#upstream = upstream;
    upstream.on('response', (answer) => this.#answer(answer));
    upstream.on('error', (error) => this.#failed(upstream, target, error));
    upstream.on('timeout', () => upstream.destroy(Object.assign(new Error('the backend was silent for too long'), { code: 'ETIMEDOUT' })));
    if (this.#hasBody) incoming.pipe(upstream);
    else upstream.end();
  }

  #answer(answer: IncomingMessage): void {
    const { response } = this.#exchange;
    if (response.destroyed) return void answer.destroy();
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', responseHeaders(answer.rawHeaders));
    // An answer that breaks off must not look whole.
    answer.on('error', () => response.destroy());
    answer.on('aborted', () => response.destroy());
    answer.pipe(response);
  }

  #failed(upstream: ClientRequest, target: Target, error: NodeJS.ErrnoException): void {
    const { request: incoming, response, next } = this.#exchange;
    if (response.destroyed) return;
    if (response.headersSent) return void response.destroy();
    if (this.#mayRepeat(upstream, error)) {
      this.#isRetry = true;
      return this.start(next(target) ?? target);
    }
    this.#options.logger.debug({ code: error.code, endpoint: `${target.host}:${target.port}` }, 'a backend did not answer');
    incoming.unpipe(upstream);
    refuse(response, error.code === 'ETIMEDOUT' ? 504 : 502, 'the service did not answer');
  }

  /** Once, when the backend cannot have seen the request, or may see it twice and ended a kept connection just then. */
  #mayRepeat(upstream: ClientRequest, error: NodeJS.ErrnoException): boolean {
    if (this.#isRetry || this.#hasBody || !idempotent.has(this.#exchange.request.method ?? '')) return false;
    return error.syscall === 'connect' || (upstream.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE'));
  }
}

/** One request on its way to a backend, over HTTP/1.1 or over HTTP/2. */
import type { Agent, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { constants } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import type { Target } from './backends.ts';
import type { AnswerHead, Downstream } from './downstream.ts';
import { http2Headers } from './downstream.ts';
import type { Http2Sessions } from './http2-sessions.ts';
import type { RawHeaders } from './headers.ts';
import { responseHeaders } from './headers.ts';

export interface Order {
  readonly target: Target;
  readonly method: string;
  /** The request target in origin form. */
  readonly path: string;
  /** For the backend, the body's framing left out. */
  readonly headers: readonly string[];
  readonly framing: Downstream['framing'];
  /** Whether the backend is spoken to with TLS. */
  readonly isSecure: boolean;
  readonly connectMs: number;
  readonly silentMs: number;
}

/** Whether the same request may be sent elsewhere: `always` when no byte of it has left. */
export type Repeat = 'always' | 'idempotent' | 'never';

export interface UpstreamEvents {
  /** The connection stands: the body may go into this. Only for requests that have one. */
  ready(body: Writable): void;
  answer(head: AnswerHead, body: Readable): void;
  trailers(raw: RawHeaders): void;
  failed(error: NodeJS.ErrnoException, repeat: Repeat): void;
}

export interface Upstream {
  destroy(): void;
}

/** Methods whose missing body has to be said. */
const expectBody = new Set(['POST', 'PUT', 'PATCH']);

export function askHttp1(agent: Agent, order: Order, events: UpstreamEvents): Upstream {
  const { target, method, path, framing, connectMs, silentMs } = order;
  const protocol = order.isSecure ? 'https:' : 'http:';
  // The framing is said anew and in one way only: chunks where there were chunks, else the length the parser went by. (The content-length
  // that requestHeaders lets through is that one.)
  const said =
    framing === 'chunked' ? ['transfer-encoding', 'chunked'] : framing === 'none' && expectBody.has(method) ? emptyBody(order) : [];
  const options = { agent, protocol, host: target.host, port: target.port, method, path, setHost: false, timeout: silentMs, connectMs };
  const upstream = request({ ...options, headers: said.length === 0 ? order.headers : [...order.headers, ...said] });
  upstream.on('response', (answer) => {
    events.answer(headOf(answer), answer);
    answer.once('end', () => {
      if (answer.rawTrailers.length > 0) events.trailers(answer.rawTrailers);
    });
  });
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    const wasKept = upstream.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    events.failed(error, error.syscall === 'connect' ? 'always' : wasKept && framing === 'none' ? 'idempotent' : 'never');
  });
  upstream.on('timeout', () => upstream.destroy(silent()));
  if (framing === 'none') upstream.end();
  else
    upstream.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => events.ready(upstream));
      else events.ready(upstream);
    });
  return upstream;
}

function emptyBody({ headers }: Order): string[] {
  return headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'content-length') ? [] : ['content-length', '0'];
}

function headOf(answer: IncomingMessage): AnswerHead {
  const { statusCode = 502, statusMessage = '', rawHeaders } = answer;
  return { status: statusCode, message: statusMessage, headers: responseHeaders(rawHeaders), isWhole: false };
}

export function askHttp2(sessions: Http2Sessions, order: Order, events: UpstreamEvents): Upstream {
  let stream: ClientHttp2Stream | undefined;
  let isUnwanted = false;
  sessions.of(order.target, order).then(
    (session) => {
      if (isUnwanted) return;
      try {
        stream = session.request(requestHead(order), { endStream: order.framing === 'none' });
      } catch (error) {
        // The session went away just now: nothing has been sent.
        return events.failed(error as NodeJS.ErrnoException, 'always');
      }
      follow(stream, order, events);
    },
    (error: unknown) => {
      if (!isUnwanted) events.failed(error as NodeJS.ErrnoException, 'always');
    },
  );
  return {
    destroy: () => {
      isUnwanted = true;
      stream?.close(constants.NGHTTP2_CANCEL);
    },
  };
}

/** gRPC asks that trailers be welcome; they are, up to here. */
function requestHead({ method, path, headers, isSecure }: Order): import('node:http2').OutgoingHttpHeaders {
  const { host, ...others } = http2Headers(headers);
  return {
    ':method': method,
    ':path': path,
    ':scheme': isSecure ? 'https' : 'http',
    ':authority': String(host ?? ''),
    ...others,
    te: 'trailers',
  };
}

function follow(stream: ClientHttp2Stream, order: Order, events: UpstreamEvents): void {
  stream.on('response', (headers: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number, raw?: string[]) => {
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const status = headers[':status'] ?? 502;
    events.answer({ status, message: '', headers: responseHeaders(withoutPseudo(raw ?? [])), isWhole }, stream);
  });
  stream.on('trailers', (_headers: IncomingHttpHeaders, _flags: number, raw?: string[]) => events.trailers(withoutPseudo(raw ?? [])));
  stream.on('error', (error: NodeJS.ErrnoException) => {
    const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    events.failed(error, isRefused && order.framing === 'none' ? 'always' : 'never');
  });
  stream.setTimeout(order.silentMs, () => stream.destroy(silent()));
  if (order.framing !== 'none') events.ready(stream);
}

function withoutPseudo(raw: RawHeaders): string[] {
  return raw.filter((_, at) => raw[at - (at % 2)]?.startsWith(':') !== true);
}

function silent(): Error {
  return Object.assign(new Error('the backend was silent for too long'), { code: 'ETIMEDOUT' });
}

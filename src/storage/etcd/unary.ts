/**
 * Single calls to one member by gRPC's protocol (grpc.io, PROTOCOL-HTTP2) straight on node:http2. Each write of the cluster is one of
 * them, and through @grpc/grpc-js they took a third of the server's processor time; streams, which are few, stay with that.
 */
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { CallError, status } from './errors.ts';

export interface UnaryOptions {
  /** `http://HOST:PORT` or `https://HOST:PORT`. */
  readonly endpoint: string;
  /** PEM; see EtcdAccess. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface UnaryCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly body: Buffer;
  readonly token: string | undefined;
  /** The call is given up after this, in ms. */
  readonly timeoutMs: number;
}

/** How much of answers may be on its way: of one, and of all of a connection. */
const streamWindow = 4 << 20;
const connectionWindow = 16 << 20;
const prefixBytes = 5;

export class UnaryClient {
  readonly #options: UnaryOptions;
  #session: ClientHttp2Session | undefined;
  #closed = false;

  /** Connects when first used, and again whenever the connection is lost. */
  constructor(options: UnaryOptions) {
    this.#options = options;
  }

  /** The message that is answered. Rejects with a {@link CallError}. */
  call(call: UnaryCall): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new CallError(status.CANCELLED, 'the client is closed'));
      const session = this.#open();
      let stream: ClientHttp2Stream;
      try {
        stream = session.request(headersOf(call), { endStream: false });
      } catch (error) {
        // The connection has just gone, and its event is still to come.
        this.#drop(session);
        return reject(lost(error, true));
      }
      const timer = setTimeout(() => {
        // A connection that nobody answers on any more is not used again.
        this.#drop(session);
        answer.fail(new CallError(status.DEADLINE_EXCEEDED, 'the deadline was exceeded'));
        stream.close(constants.NGHTTP2_CANCEL);
      }, call.timeoutMs);
      const answer = new Answer(stream, (settle) => {
        clearTimeout(timer);
        settle(resolve, reject);
      });
      answer.follow();
      stream.end(framed(call.body));
    });
  }

  close(): void {
    this.#closed = true;
    this.#session?.close();
    this.#session = undefined;
  }

  #open(): ClientHttp2Session {
    if (this.#session?.closed === true || this.#session?.destroyed === true) this.#session = undefined;
    return (this.#session ??= this.#connect());
  }

  #connect(): ClientHttp2Session {
    const { endpoint, ca, cert, key } = this.#options;
    const session = connect(endpoint, {
      settings: { initialWindowSize: streamWindow, enablePush: false },
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    session.once('connect', () => session.setLocalWindowSize(connectionWindow));
    // The calls on it tell whoever made them.
    session.on('error', () => this.#drop(session));
    session.on('goaway', () => this.#drop(session));
    session.on('close', () => this.#drop(session));
    return session;
  }

  /** New calls get a new connection; those on this one may still be answered. */
  #drop(session: ClientHttp2Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    if (!session.closed) session.close();
  }
}

type Settle = (resolve: (message: Buffer) => void, reject: (error: Error) => void) => void;

/** What comes back of one call; told once. */
class Answer {
  readonly #stream: ClientHttp2Stream;
  readonly #done: (settle: Settle) => void;
  readonly #chunks: Buffer[] = [];
  #trailers: IncomingHttpHeaders | undefined;
  #http = 0;
  #isOver = false;

  constructor(stream: ClientHttp2Stream, done: (settle: Settle) => void) {
    this.#stream = stream;
    this.#done = done;
  }

  follow(): void {
    const stream = this.#stream;
    // Pending: the connection is not there yet.
    let wasSent = !stream.pending;
    stream.on('ready', () => (wasSent = true));
    stream.on('response', (headers) => {
      this.#http = Number(headers[':status'] ?? 0);
      if (headers['grpc-status'] !== undefined) this.#trailers = headers;
    });
    stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    stream.on('trailers', (headers: IncomingHttpHeaders) => (this.#trailers = headers));
    stream.on('error', (error: Error) => this.fail(lost(error, !wasSent || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM)));
    stream.on('close', () => this.#end());
  }

  fail(error: Error): void {
    this.#settle((_, reject) => reject(error));
  }

  #end(): void {
    const code = this.#trailers?.['grpc-status'];
    if (code === undefined) return this.fail(this.#withoutStatus());
    if (code !== '0') return this.fail(new CallError(Number(code), decoded(this.#trailers?.['grpc-message'])));
    const frame = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    if (frame.length < prefixBytes || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - prefixBytes)
      return this.fail(new CallError(status.INTERNAL, 'the answer is no single message'));
    this.#settle((resolve) => resolve(frame.subarray(prefixBytes)));
  }

  #withoutStatus(): CallError {
    if (this.#http === 0 || this.#http === 200) return lost(undefined, false);
    return new CallError(status.UNAVAILABLE, `the answer was HTTP ${String(this.#http)}`);
  }

  #settle(settle: Settle): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(settle);
  }
}

function headersOf({ path, token }: UnaryCall): Record<string, string> {
  return {
    ':method': 'POST',
    ':path': path,
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'coracle',
    ...(token === undefined ? {} : { token }),
  };
}

/** gRPC's frame: not compressed, length, message. */
function framed(body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + body.length);
  frame[0] = 0;
  frame.writeUInt32BE(body.length, 1);
  body.copy(frame, prefixBytes);
  return frame;
}

/** The connection broke. `unsent`: the member cannot have seen the request. */
function lost(error: unknown, unsent: boolean): CallError {
  const why = error instanceof Error ? error.message : 'the connection was closed';
  return new CallError(status.UNAVAILABLE, unsent ? `No connection established: ${why}` : why, { cause: error });
}

/** grpc-message is percent-encoded; what is not is taken as it is. */
function decoded(text: string | string[] | undefined): string {
  const whole = [text ?? ''].flat().join(', ');
  try {
    return decodeURIComponent(whole);
  } catch {
    return whole;
  }
}

/** Calls to the members of an etcd cluster: one at a time is used; the next one when it does not answer. */
import { Client, credentials, Metadata, type ChannelCredentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { StorageError } from '../storage.ts';
import { etcdError, isOpenToAll, isPassing, isServiceError, isTokenExpired, isUnsent } from './errors.ts';
import { decodeAuthenticate, encodeAuthenticate } from './messages.ts';
import { UnaryClient } from './unary.ts';

export interface EtcdAccess {
  /** `http://HOST:PORT` or `https://HOST:PORT`; all members of one cluster. */
  readonly endpoints: readonly string[];
  /** PEM: the authority of the members (default: those Node trusts), and this client's certificate and key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly user?: string;
  readonly password?: string;
}

export interface CallRequest<Answer> {
  /** `SERVICE/METHOD` of package etcdserverpb. */
  readonly method: string;
  readonly body: Buffer;
  readonly decode: (data: Buffer) => Answer;
  /** How long to try in all, in ms. */
  readonly patienceMs?: number;
  /** Asked before another attempt. Default: yes. */
  readonly mayRepeat?: (() => boolean) | undefined;
}

export interface Answered<Answer> {
  readonly answer: Answer;
  /** An earlier attempt may have been carried out as well. */
  readonly repeated: boolean;
}

/** One attempt is given up after this; a member that is frozen or cut off holds nobody longer. In ms. */
const attemptMs = 3000;
const defaultPatienceMs = 12_000;
const pauseMs = 100;

const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // etcd closes connections that ask more often than every 5 s.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
};

const asIs = (body: Buffer): Buffer => body;

export class Members {
  readonly #access: EtcdAccess;
  readonly #clients: readonly Client[];
  readonly #unary: readonly UnaryClient[];
  readonly #closed = new AbortController();
  #current = 0;
  #token: string | undefined;
  #authenticating: Promise<void> | undefined;

  constructor(access: EtcdAccess) {
    this.#access = access;
    const { ca, cert, key } = access;
    this.#unary = access.endpoints.map((endpoint) => new UnaryClient({ endpoint, ca, cert, key }));
    this.#clients = access.endpoints.map((endpoint) => {
      const { protocol, host } = new URL(endpoint);
      return new Client(host, protocol === 'https:' ? sslOf(access) : credentials.createInsecure(), channelOptions);
    });
  }

  /** The member asked now; {@link leave} takes it, so that one failure moves on once. */
  get current(): number {
    return this.#current;
  }

  /** The next member is asked from now on, unless somebody has moved on already. */
  leave(member: number): void {
    if (member === this.#current) this.#current = (member + 1) % this.#clients.length;
  }

  /** Authenticates when there is a user. Rejects with a StorageError. */
  async login(): Promise<void> {
    const { user, password = '' } = this.#access;
    if (user === undefined || user === '') return;
    this.#authenticating ??= this.#call({
      method: 'Auth/Authenticate',
      body: encodeAuthenticate(user, password),
      decode: decodeAuthenticate,
    })
      .then(
        ({ answer }) => {
          this.#token = answer;
        },
        (error: unknown) => {
          if (!isServiceError(error) || !isOpenToAll(error)) throw error;
        },
      )
      .finally(() => (this.#authenticating = undefined));
    await this.#authenticating;
  }

  /** Rejects with the ServiceError of the last attempt when it is not one that passes, else with `unavailable`. */
  async call<Answer>(request: CallRequest<Answer>): Promise<Answered<Answer>> {
    try {
      return await this.#call(request);
    } catch (error) {
      if (!isServiceError(error) || !isTokenExpired(error) || this.#access.user === undefined) throw error;
      await this.login();
      return this.#call(request);
    }
  }

  /** A stream to the current member. */
  stream<Answer>(method: string, decode: (data: Buffer) => Answer): ClientDuplexStream<Buffer, Answer> {
    const metadata = new Metadata();
    if (this.#token !== undefined) metadata.set('token', this.#token);
    // A member that has lost its leader ends the stream instead of being silent.
    metadata.set('hasleader', 'true');
    return this.#client().makeBidiStreamRequest(`/etcdserverpb.${method}`, asIs, decode, metadata);
  }

  close(): void {
    this.#closed.abort();
    for (const client of [...this.#clients, ...this.#unary]) client.close();
  }

  async #call<Answer>(request: CallRequest<Answer>): Promise<Answered<Answer>> {
    const { method, body, decode, patienceMs = defaultPatienceMs, mayRepeat = () => true } = request;
    const began = performance.now();
    let repeated = false;
    for (let attempt = 1; ; attempt++) {
      const member = this.#current;
      try {
        return { answer: await this.#once(method, body, decode), repeated };
      } catch (error) {
        if (!isServiceError(error) || !isPassing(error)) throw error;
        const isOver = this.#closed.signal.aborted || performance.now() - began > patienceMs;
        if (isOver) throw this.#unreachable(error);
        if (!isUnsent(error)) repeated = true;
        this.leave(member);
        if (attempt % this.#clients.length === 0) await pause();
        if (!mayRepeat()) throw this.#unreachable(error);
      }
    }
  }

  async #once<Answer>(method: string, body: Buffer, decode: (data: Buffer) => Answer): Promise<Answer> {
    const member = this.#unary[this.#current];
    if (member === undefined) throw noEndpoints();
    return decode(await member.call({ path: `/etcdserverpb.${method}`, body, token: this.#token, timeoutMs: attemptMs }));
  }

  #unreachable(error: unknown): StorageError {
    const { message } = etcdError(error);
    return new StorageError('unavailable', `${message} (asked: ${this.#access.endpoints.join(', ')})`, { cause: error });
  }

  #client(): Client {
    const client = this.#clients[this.#current];
    if (client === undefined) throw noEndpoints();
    return client;
  }
}

const noEndpoints = (): StorageError => new StorageError('unavailable', 'etcd: there are no endpoints');

/** Between attempts. The network's time passes also where a test holds the clock still. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs));
}

function sslOf({ ca, cert, key }: EtcdAccess): ChannelCredentials {
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(pem(ca), pem(key), pem(cert));
}

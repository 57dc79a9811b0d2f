/** HTTP/2 sessions with backends that say they speak it, in clear or with TLS: one an endpoint, kept while it is used. */
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import type { Target } from './backends.ts';
import { backendTls, connectTimedOut } from './connections.ts';

/** How long a session without requests is kept, in ms. */
const idleMs = 60_000;

export class Http2Sessions {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Promise<ClientHttp2Session>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with the connection's error. */
  of(target: Target, { connectMs, isSecure }: { readonly connectMs: number; readonly isSecure: boolean }): Promise<ClientHttp2Session> {
    const key = `${target.host} ${target.port} ${String(isSecure)}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const made = this.#connect(target, connectMs, isSecure).then((socket) => this.#session(socket, target, () => forget()));
    const forget = (): void => {
      if (this.#sessions.get(key) === made) this.#sessions.delete(key);
    };
    this.#sessions.set(key, made);
    made.catch(forget);
    return made;
  }

  destroy(): void {
    for (const session of this.#sessions.values())
      session.then(
        (open) => open.destroy(),
        () => undefined,
      );
    this.#sessions.clear();
  }

  #connect({ host, port }: Target, connectMs: number, isSecure: boolean): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = isSecure ? connectTls({ host, port, ...backendTls, ALPNProtocols: ['h2'] }) : connect({ host, port, noDelay: true });
      const cancel = this.#clock.after(connectMs, () => socket.destroy(connectTimedOut()));
      const failed = (error: Error): void => {
        cancel();
        reject(error);
      };
      socket.once('error', failed).once(isSecure ? 'secureConnect' : 'connect', () => {
        cancel();
        socket.off('error', failed);
        resolve(socket);
      });
    });
  }

  #session(socket: Socket, { host, port }: Target, forget: () => void): ClientHttp2Session {
    const authority = `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
    const session = connectHttp2(authority, { createConnection: () => socket, settings: { enablePush: false } });
    // What is said to a stream is said by the stream; a session that ends is replaced by the next request.
    session.on('error', () => undefined);
    session.on('close', forget);
    session.on('goaway', forget);
    session.setTimeout(idleMs, () => {
      if (session.destroyed) return;
      forget();
      session.close();
    });
    return session;
  }
}

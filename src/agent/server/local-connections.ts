/** Connections of the same process to the kubelet API: bytes that are handed over, neither TLS nor the kernel in between. */
import { type Duplex, duplexPair } from 'node:stream';
import type { Caller } from './authorizer.ts';

/** An API server in the same process, as its certificate would call it. */
const apiServer: Caller = { user: 'kube-apiserver-kubelet-client', groups: ['system:masters', 'system:authenticated'] };

/** More than this waits until the other side has taken it. */
const highWaterMark = 256 * 1024;

export interface LocalConnections {
  /** A new connection; `take` is given the server's end of it. */
  connect(): Duplex;
  /** Who is at the other end; undefined for a connection from elsewhere. */
  callerOf(socket: Duplex): Caller | undefined;
}

export function createLocalConnections(take: (socket: Duplex) => void): LocalConnections {
  const own = new WeakSet<Duplex>();
  return {
    connect() {
      const [near, far] = duplexPair({ highWaterMark });
      for (const [side, other] of [
        [near, far],
        [far, near],
      ] as const) {
        side.on('error', () => undefined);
        side.once('close', () => other.destroy());
      }
      own.add(far);
      take(far);
      return near;
    },
    callerOf: (socket) => (own.has(socket) ? apiServer : undefined),
  };
}

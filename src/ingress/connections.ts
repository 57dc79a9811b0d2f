/** Connections to backends: kept alive between requests, given up when they do not come about. */
import { Agent } from 'node:http';
import type { AgentOptions, ClientRequestArgs } from 'node:http';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { connect } from 'node:net';
import type { Clock } from '../base/clock.ts';

export interface Timeouts {
  /** Until a backend has taken the connection, in ms. */
  readonly connectMs: number;
  /** How long a backend may be silent, before and within its answer, in ms. */
  readonly silentMs: number;
  /** How long a client may pause within its request's body, in ms. */
  readonly bodyMs: number;
}

export const usualTimeouts: Timeouts = { connectMs: 5000, silentMs: 300_000, bodyMs: 60_000 };

/** Idle ones kept for each endpoint. */
const maxIdle = 128;

/** Requests say in their options how long the connection may take (`connectMs`). */
export function backendAgent(clock: Clock, { silentMs }: Timeouts): Agent {
  return new BackendAgent({ keepAlive: true, maxFreeSockets: maxIdle, scheduling: 'lifo', timeout: silentMs }, clock);
}

class BackendAgent extends Agent {
  readonly #clock: Clock;

  constructor(options: AgentOptions, clock: Clock) {
    super(options);
    this.#clock = clock;
  }

  override createConnection(options: ClientRequestArgs & { readonly connectMs?: number }): Socket {
    const socket = connect({ ...(options as TcpNetConnectOpts), noDelay: true });
    const cancel = this.#clock.after(options.connectMs ?? usualTimeouts.connectMs, () => socket.destroy(connectTimedOut()));
    socket.once('connect', cancel).once('close', cancel);
    return socket;
  }
}

export function connectTimedOut(): Error {
  return Object.assign(new Error('the backend did not take the connection in time'), { code: 'ETIMEDOUT', syscall: 'connect' });
}

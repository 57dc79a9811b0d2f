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
}

/** Idle ones kept for each endpoint. */
const maxIdle = 128;

export function backendAgent(clock: Clock, timeouts: Timeouts): Agent {
  return new BackendAgent(
    { keepAlive: true, maxFreeSockets: maxIdle, scheduling: 'lifo', timeout: timeouts.silentMs },
    clock,
    timeouts.connectMs,
  );
}

class BackendAgent extends Agent {
  readonly #clock: Clock;
  readonly #connectMs: number;

  constructor(options: AgentOptions, clock: Clock, connectMs: number) {
    super(options);
    this.#clock = clock;
    this.#connectMs = connectMs;
  }

  override createConnection(options: ClientRequestArgs): Socket {
    const socket = connect({ ...(options as TcpNetConnectOpts), noDelay: true });
    const cancel = this.#clock.after(this.#connectMs, () => socket.destroy(connectTimedOut()));
    socket.once('connect', cancel).once('close', cancel);
    return socket;
  }
}

function connectTimedOut(): Error {
  return Object.assign(new Error('the backend did not take the connection in time'), { code: 'ETIMEDOUT', syscall: 'connect' });
}

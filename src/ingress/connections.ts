/** Connections to backends: kept alive between requests, given up when they do not come about. */
import { Agent } from 'node:http';
import type { AgentOptions, ClientRequestArgs } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
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
export interface BackendAgents {
  readonly http: Agent;
  readonly https: Agent;
  destroy(): void;
}

export function backendAgents(clock: Clock, { silentMs }: Timeouts): BackendAgents {
  const options: AgentOptions = { keepAlive: true, maxFreeSockets: maxIdle, scheduling: 'lifo', timeout: silentMs };
  const agents = { http: new BackendAgent(options, clock), https: new SecureBackendAgent(options, clock) };
  return { ...agents, destroy: () => Object.values(agents).forEach((agent) => agent.destroy()) };
}

/** Pods have certificates of their own making, for names of their own choice: what they show is not verified, and no name is asked for. */
export const backendTls = { rejectUnauthorized: false, servername: '' };

class BackendAgent extends Agent {
  readonly #clock: Clock;

  constructor(options: AgentOptions, clock: Clock) {
    super(options);
    this.#clock = clock;
  }

  override createConnection(options: ClientRequestArgs & { readonly connectMs?: number }): Socket {
    const socket = connect({ ...(options as TcpNetConnectOpts), noDelay: true });
    limit(socket, 'connect', this.#clock, options.connectMs);
    return socket;
  }
}

class SecureBackendAgent extends SecureAgent {
  readonly #clock: Clock;

  constructor(options: AgentOptions, clock: Clock) {
    super({ ...options, ...backendTls });
    this.#clock = clock;
  }

  override createConnection(options: ClientRequestArgs & { readonly connectMs?: number }): Socket {
    const socket: TLSSocket = connectTls({ ...(options as TcpNetConnectOpts), ...backendTls });
    socket.setNoDelay(true);
    limit(socket, 'secureConnect', this.#clock, options.connectMs);
    return socket;
  }
}

function limit(socket: Socket, until: 'connect' | 'secureConnect', clock: Clock, ms = usualTimeouts.connectMs): void {
  const cancel = clock.after(ms, () => socket.destroy(connectTimedOut()));
  socket.once(until, cancel).once('close', cancel);
}

export function connectTimedOut(): Error {
  return Object.assign(new Error('the backend did not take the connection in time'), { code: 'ETIMEDOUT', syscall: 'connect' });
}

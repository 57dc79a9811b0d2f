/** Requests that ask for another protocol (WebSocket): once the backend agrees, the two sockets are handed to each other. */
import type { Agent, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import type { Target } from './backends.ts';
import { responseHeaders } from './headers.ts';
import { refuseSocket } from './refuse.ts';

export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly headers: readonly string[];
  readonly path: string;
  /** Whether the backend is spoken to with TLS. */
  readonly isSecure: boolean;
  readonly connectMs: number;
  readonly next: (tried: readonly Target[]) => Target | undefined;
  readonly unreachable: (target: Target) => void;
  /** Called once, with the status the client is told. */
  readonly answered: (status: number) => void;
}

/** HTTP/2 in clear over this connection would let a client speak to the backend past every rule. */
export function mayUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase().includes('h2c') !== true;
}

/** Endpoints asked for one request, the first included. */
const maxTries = 3;

export function forwardUpgrade(exchange: UpgradeExchange, agent: Agent): void {
  const { request: incoming, socket, next } = exchange;
  socket.on('error', () => socket.destroy());
  const target = next([]);
  if (target === undefined) return refuse(exchange, 503, 'no endpoint of the service is ready');
  if (incoming.headers['transfer-encoding'] !== undefined || !/^0*$/.test(incoming.headers['content-length'] ?? ''))
    return refuse(exchange, 400, 'a request for another protocol has no body');
  ask(exchange, agent, [target]);
}

function refuse({ socket, answered }: UpgradeExchange, status: number, message: string): void {
  answered(status);
  refuseSocket(socket, { status, message });
}

function ask(exchange: UpgradeExchange, agent: Agent, tried: readonly Target[]): void {
  const { request: incoming, socket, path, headers, isSecure, connectMs, next, unreachable } = exchange;
  const target = tried.at(-1);
  if (target === undefined) return;
  const at = { protocol: isSecure ? 'https:' : 'http:', host: target.host, port: target.port };
  const options = { agent, ...at, method: incoming.method ?? 'GET', path, setHost: false, connectMs };
  const upstream = request({ ...options, headers: [...headers, 'connection', 'Upgrade', 'upgrade', incoming.headers.upgrade ?? ''] });
  let isAnswered = false;
  const gone = (): void => void upstream.destroy();
  socket.on('close', gone);
  upstream.on('upgrade', (answer, other, first) => {
    isAnswered = true;
    agreed(exchange, { answer, other, first });
  });
  // The backend does not want to: its answer is an ordinary one.
  upstream.on('response', (answer) => {
    isAnswered = true;
    exchange.answered(answer.statusCode ?? 502);
    const lines = headLines(answer).concat('connection: close');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    pipeline(answer, socket, () => socket.destroy());
  });
  upstream.on('timeout', () => upstream.destroy());
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    if (socket.destroyed || isAnswered) return;
    socket.off('close', gone);
    if (error.syscall === 'connect') {
      unreachable(target);
      const other = tried.length < maxTries ? next(tried) : undefined;
      if (other !== undefined) return ask(exchange, agent, [...tried, other]);
    }
    refuse(exchange, 502, 'the service did not answer');
  });
  upstream.end();
}

interface Agreement {
  readonly answer: IncomingMessage;
  readonly other: Duplex & { setTimeout?: (ms: number) => unknown };
  readonly first: Buffer;
}

function agreed({ socket, head, answered }: UpgradeExchange, { answer, other, first }: Agreement): void {
  answered(answer.statusCode ?? 101);
  other.setTimeout?.(0);
  const lines = headLines(answer).concat('connection: Upgrade', `upgrade: ${answer.headers.upgrade ?? ''}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (first.length > 0) socket.write(first);
  if (head.length > 0) other.write(head);
  const end = (): void => {
    socket.destroy();
    other.destroy();
  };
  pipeline(socket, other, end);
  pipeline(other, socket, end);
}

function headLines(answer: IncomingMessage): string[] {
  const headers = responseHeaders(answer.rawHeaders);
  const lines = [`HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at] ?? ''}: ${headers[at + 1] ?? ''}`);
  return lines;
}

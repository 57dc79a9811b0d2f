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
  readonly target: Target | undefined;
}

/** HTTP/2 in clear over this connection would let a client speak to the backend past every rule. */
export function mayUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase().includes('h2c') !== true;
}

export function forwardUpgrade({ request: incoming, socket, head, headers, path, target }: UpgradeExchange, agent: Agent): void {
  socket.on('error', () => socket.destroy());
  if (target === undefined) return refuseSocket(socket, 503, 'no endpoint of the service is ready');
  if (incoming.headers['transfer-encoding'] !== undefined || !/^0*$/.test(incoming.headers['content-length'] ?? ''))
    return refuseSocket(socket, 400, 'a request for another protocol has no body');
  const upstream = request({
    agent,
    host: target.host,
    port: target.port,
    method: incoming.method ?? 'GET',
    path,
    headers: [...headers, 'connection', 'Upgrade', 'upgrade', incoming.headers.upgrade ?? ''],
    setHost: false,
  });
  let isAnswered = false;
  socket.on('close', () => upstream.destroy());
  upstream.on('upgrade', (answer, other, first) => {
    isAnswered = true;
    other.setTimeout(0);
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
  });
  // The backend does not want to: its answer is an ordinary one.
  upstream.on('response', (answer) => {
    isAnswered = true;
    const lines = headLines(answer).concat('connection: close');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    pipeline(answer, socket, () => socket.destroy());
  });
  upstream.on('timeout', () => upstream.destroy());
  upstream.on('error', () => {
    if (!socket.destroyed && !isAnswered) refuseSocket(socket, 502, 'the service did not answer');
  });
  upstream.end();
}

function headLines(answer: IncomingMessage): string[] {
  const headers = responseHeaders(answer.rawHeaders);
  const lines = [`HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at] ?? ''}: ${headers[at + 1] ?? ''}`);
  return lines;
}

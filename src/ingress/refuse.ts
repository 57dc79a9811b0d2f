import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers for the backend. The connection ends with it when the request's body has not been read. */
export function refuse(response: ServerResponse, { status, message, headers = {} }: Refusal): void {
  const body = refusalText(status, message);
  if (!response.req.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

/** The same on a bare socket, which ends. */
export function refuseSocket(socket: Duplex, { status, message, headers = {} }: Refusal): void {
  const body = refusalText(status, message);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join('')}connection: close\r\n\r\n`;
  socket.end(head + body);
}

export function refusalText(status: number, message: string): string {
  return `${status} ${STATUS_CODES[status] ?? ''}: ${message}\n`;
}

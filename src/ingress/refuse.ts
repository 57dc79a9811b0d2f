import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers for the backend. The connection ends with it when the request's body has not been read. */
export function refuse(response: ServerResponse, status: number, message: string): void {
  const body = text(status, message);
  if (!response.req.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** The same on a bare socket, which ends. */
export function refuseSocket(socket: Duplex, status: number, message: string): void {
  const body = text(status, message);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

function text(status: number, message: string): string {
  return `${status} ${STATUS_CODES[status] ?? ''}: ${message}\n`;
}

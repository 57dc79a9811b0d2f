/** What is no proper HTTP is answered as Go's server does, in plain text, and cut off. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** By the codes of Node's parser; nothing at all is said to who took too long. */
const answers: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_INVALID_VERSION: '505 HTTP Version Not Supported: unsupported protocol version',
};
const silent: ReadonlySet<string> = new Set(['ERR_HTTP_REQUEST_TIMEOUT', 'ECONNRESET', 'EPIPE']);

/** For the event `clientError`. */
export function badHttp(error: Error & { readonly code?: string }, socket: Duplex): void {
  const { code = '' } = error;
  if (!socket.writable || silent.has(code) || code.startsWith('ERR_SSL') || hasAnswered(socket)) return void socket.destroy();
  socket.end(raw(answers[code] ?? '400 Bad Request'), () => socket.destroy());
}

/** An answer in the midst of another would be taken for a part of that. */
function hasAnswered(socket: Duplex): boolean {
  const { _httpMessage: answer } = socket as Duplex & { readonly _httpMessage?: object | null };
  return answer !== undefined && answer !== null;
}

function raw(status: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`;
}

/** Requests that Go's server answers before any handler: HTTP/1.1 without a host, escapes that are none, `OPTIONS *`. */
export function answeredWithoutHandler(request: IncomingMessage, response: ServerResponse): boolean {
  const { url = '', method, headers, httpVersion, socket } = request;
  if (headers.host === undefined && httpVersion === '1.1') {
    socket.end(raw('400 Bad Request: missing required Host header'));
    return true;
  }
  if (url.includes('%') && /^[^?]*%(?![0-9a-fA-F]{2})/.test(url)) {
    socket.end(raw('400 Bad Request'));
    return true;
  }
  if (method !== 'OPTIONS' || url !== '*') return false;
  response.writeHead(200, ['Content-Length', '0']).end();
  return true;
}

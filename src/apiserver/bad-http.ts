/** What is no proper HTTP is answered as Go's server does, in plain text, and cut off. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '../api/errors.ts';
import type { HttpRequest, HttpResponse } from './http.ts';

/** By the codes of Node's parser; nothing at all is said to who took too long. */
const answers: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_INVALID_VERSION: '505 HTTP Version Not Supported: unsupported protocol version',
};
const silent: ReadonlySet<string> = new Set(['ERR_HTTP_REQUEST_TIMEOUT', 'ECONNRESET', 'EPIPE']);

/** For the event `clientError`. */
export function badHttp(error: Error & { readonly code?: string; readonly rawPacket?: Buffer }, socket: Duplex): void {
  const { code = '', rawPacket } = error;
  if (!socket.writable || silent.has(code) || code.startsWith('ERR_SSL') || hasAnswered(socket)) return void socket.destroy();
  const isOddMethod = code === 'HPE_INVALID_METHOD' && rawPacket !== undefined && requestLine.test(rawPacket.toString('latin1'));
  socket.end(isOddMethod ? notAllowed() : raw(answers[code] ?? '400 Bad Request'), () => socket.destroy());
}

/** An answer in the midst of another would be taken for a part of that. */
function hasAnswered(socket: Duplex): boolean {
  const { _httpMessage: answer } = socket as Duplex & { readonly _httpMessage?: object | null };
  return answer !== undefined && answer !== null;
}

const requestLine = /^[!#$%&'*+\-.^_`|~\w]+ \/\S* HTTP\/1\.1\r\n/;

/** For methods that Node's parser does not know: to Go's server any word is one, and the API refuses it. */
function notAllowed(): string {
  const error = new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });
  const body = JSON.stringify(error.toStatus(), undefined, 2);
  const headers = `Cache-Control: no-cache, private\r\nContent-Type: application/json\r\nContent-Length: ${String(body.length)}`;
  return `HTTP/1.1 405 Method Not Allowed\r\n${headers}\r\nConnection: close\r\n\r\n${body}`;
}

function raw(status: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`;
}

/** What says it is HTTP/0.9, or 2 without being it, is refused. True: it has been. */
export function isOtherVersion({ httpVersionMajor, socket }: IncomingMessage): boolean {
  if (httpVersionMajor === 1) return false;
  socket.end(raw(httpVersionMajor < 1 ? '400 Bad Request' : '505 HTTP Version Not Supported: unsupported protocol version'));
  return true;
}

/** Requests that Go's server answers before any handler: HTTP/1.1 without a host, escapes that are none, `OPTIONS *`. */
export function answeredWithoutHandler(request: HttpRequest, response: HttpResponse): boolean {
  const { url = '', method, headers, httpVersion, socket } = request;
  if (headers.host === undefined && httpVersion === '1.1') {
    socket.end(raw('400 Bad Request: missing required Host header'));
    return true;
  }
  if (url.includes('%') && /^[^?]*%(?![0-9a-fA-F]{2})/.test(url)) {
    if (httpVersion === '2.0') response.writeHead(400, ['Content-Type', 'text/plain; charset=utf-8']).end('400 Bad Request');
    else socket.end(raw('400 Bad Request'));
    return true;
  }
  if (method !== 'OPTIONS' || url !== '*') return false;
  response.writeHead(200, ['Content-Length', '0']).end();
  return true;
}

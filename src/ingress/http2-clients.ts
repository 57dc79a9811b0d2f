/** Clients that speak HTTP/2 over TLS (ALPN h2): their requests in the form that those of HTTP/1.1 have. */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, performServerHandshake } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { RawHeaders } from './headers.ts';

export interface Http2Request {
  readonly stream: ServerHttp2Stream;
  readonly socket: TLSSocket;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  /** As an HTTP/1.1 message would have them: no pseudo headers, one Host, one Cookie. Undefined: it says two hosts. */
  readonly raw: RawHeaders | undefined;
  readonly length: string | undefined;
  readonly hasBody: boolean;
}

/** How long a connection without requests is kept, in ms. */
const idleMs = 65_000;

const sessionOptions = {
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 50,
  // A client that opens and cancels requests as fast as it can is sent away (CVE-2023-44487).
  streamResetBurst: 200,
  streamResetRate: 50,
  maxHeaderListPairs: 200,
  settings: { maxConcurrentStreams: 128, maxHeaderListSize: 32 * 1024, enablePush: false, initialWindowSize: 256 * 1024 },
};

export function serveHttp2(socket: TLSSocket, ask: (request: Http2Request) => void): ServerHttp2Session {
  const session = performServerHandshake(socket, sessionOptions);
  let open = 0;
  // Whatever a client does wrong ends its own session.
  session.on('error', () => session.destroy());
  socket.on('error', () => session.destroy());
  session.on('stream', (stream, headers, flags, raw: string[]) => {
    open++;
    stream.on('error', () => undefined);
    stream.on('close', () => open--);
    const { ':method': method = '', ':path': path = '', ':authority': authority, host } = headers;
    const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
    const name = authority ?? host ?? '';
    ask({ stream, socket, method, path, host: name, raw: plainHeaders(raw, name), length: headers['content-length'], hasBody });
  });
  session.setTimeout(idleMs, () => {
    if (open === 0) session.close();
    else session.setTimeout(idleMs);
  });
  return session;
}

function plainHeaders(raw: RawHeaders, authority: string): RawHeaders | undefined {
  const out: string[] = ['host', authority];
  const cookies: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    if (name === 'host' && value !== authority) return undefined;
    if (name.startsWith(':') || name === 'host') continue;
    if (name === 'cookie') cookies.push(value);
    else out.push(name, value);
  }
  // RFC 9113 8.2.3.
  if (cookies.length > 0) out.push('cookie', cookies.join('; '));
  return out;
}

/** Forwards one request, body and answer streaming, or an upgraded connection, bytes both ways. */
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import { ApiError } from '../../api/errors.ts';
import type { Exchange } from '../exchange.ts';
import type { Location } from './locations.ts';

/** The API server's certificate towards kubelets (PEM), and who must have signed theirs. */
export interface NodeConnection {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** How the kubelet of a node is reached that runs in the same process; undefined for other nodes. */
  readonly local?: (node: string) => (() => Duplex) | undefined;
}

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent behind its request already. */
  readonly head: Buffer;
}

export interface Forwarder {
  /** The answer to the exchange's request, sent on to `location` with these headers (in lower case) besides its own. */
  request(exchange: Exchange, location: Location, headers?: Readonly<Record<string, string>>): Promise<IncomingMessage>;
  /** Connects an upgrade through; answers the client itself. Rejects when the other side cannot be reached. */
  upgrade(exchange: Exchange, location: Location, upgrade: Upgrade): Promise<void>;
  close(): void;
}

/** Hop-by-hop headers and those that say who asks: none of them is the other side's business. */
const dropped = /^(authorization|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|impersonate-.*|content-length)$/;

export function createForwarder(nodes: NodeConnection): Forwarder {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true, ALPNProtocols: ['http/1.1'] }) };
  const open = (
    exchange: Exchange,
    location: Location,
    isUpgrade: boolean,
    added: Readonly<Record<string, string>> = {},
  ): ClientRequest => {
    const plain = requestOptions(exchange, location, isUpgrade);
    const options = { ...plain, headers: { ...plain.headers, ...added } };
    const local = location.node === undefined ? undefined : nodes.local?.(location.node);
    if (local !== undefined) return httpRequest({ ...options, createConnection: local });
    if (location.scheme === 'http') return httpRequest({ ...options, agent: isUpgrade ? false : agents.http });
    return httpsRequest({ ...options, ...tlsOptions(location, nodes), agent: isUpgrade ? false : agents.https });
  };
  return {
    request: (exchange, location, headers) =>
      new Promise((resolve, reject) => {
        const forwarded = open(exchange, location, false, headers);
        forwarded.once('response', resolve);
        forwarded.once('error', (error) => reject(unreachable(error)));
        exchange.response.once('close', () => forwarded.destroy());
        exchange.request.pipe(forwarded);
      }),
    upgrade: (exchange, location, upgrade) => connectThrough(open(exchange, location, true), exchange, upgrade),
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** As in a Host header. */
export function hostOf({ host, port }: Location): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

function requestOptions(exchange: Exchange, location: Location, isUpgrade: boolean): RequestOptions & { headers: OutgoingHttpHeaders } {
  const { request } = exchange;
  const headers: Record<string, string | string[]> = {};
  for (const [name, values = []] of Object.entries(request.headersDistinct)) if (!dropped.test(name)) headers[name] = values;
  headers['host'] = hostOf(location);
  const length = request.headers['content-length'];
  if (length !== undefined) headers['content-length'] = length;
  else if (request.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
  if (isUpgrade) {
    headers['connection'] = 'Upgrade';
    headers['upgrade'] = request.headers.upgrade ?? '';
  }
  return { method: request.method ?? 'GET', host: location.host, port: location.port, path: location.path, headers };
}

/** Kubelets are known by their name, whatever address they are reached at; what pods serve nobody vouches for. */
function tlsOptions(location: Location, nodes: NodeConnection): object {
  if (location.node === undefined) return { rejectUnauthorized: false };
  const name = `system:node:${location.node}`;
  const checkServerIdentity = (_host: string, certificate: PeerCertificate): Error | undefined =>
    certificate.subject.CN === name
      ? undefined
      : new Error(`tls: the node's certificate is for ${String(certificate.subject.CN)}, not for ${name}`);
  return { cert: nodes.cert, key: nodes.key, ca: nodes.ca, checkServerIdentity, servername: '' };
}

function unreachable(error: Error): ApiError {
  return new ApiError('ServiceUnavailable', `error trying to reach service: ${error.message}`, { cause: error });
}

function connectThrough(forwarded: ClientRequest, exchange: Exchange, { socket, head }: Upgrade): Promise<void> {
  return new Promise((resolve, reject) => {
    forwarded.once('error', (error) => reject(new ApiError('InternalError', `error dialing backend: ${error.message}`, { cause: error })));
    forwarded.once('response', (answer) => {
      // Refused: the client gets the refusal as it is.
      const { response } = exchange;
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => resolve());
    });
    forwarded.once('upgrade', (answer: IncomingMessage, other: Duplex, otherHead: Buffer) => {
      exchange.response.detachSocket(exchange.request.socket);
      socket.write(switching(answer));
      if (otherHead.length > 0) socket.write(otherHead);
      if (head.length > 0) other.write(head);
      join(socket, other);
      resolve();
    });
    socket.once('close', () => forwarded.destroy());
    forwarded.end();
  });
}

function switching(answer: IncomingMessage): string {
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let at = 0; at < answer.rawHeaders.length; at += 2) lines.push(`${answer.rawHeaders[at] ?? ''}: ${answer.rawHeaders[at + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Half-closes are passed on; an error on one side ends both. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy());
    from.once('close', () => to.end());
    from.pipe(to);
  }
}

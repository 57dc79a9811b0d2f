/** A server that ends in good order: what is under way may finish, for a while. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import { plainAddress } from './trust.ts';

/** How long requests may go on when the server stops, in ms. */
const graceMs = 10_000;
/** How long a client may take for what is on the way to it then. */
const flushMs = 1000;
const maxConnections = 20_000;

export interface Listener extends Running {
  /** Resolves with the port, rejects when it cannot be had. */
  listen(port: number): Promise<number>;
  readonly connections: number;
}

export interface ServeOptions {
  readonly server: Server;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly clock: Clock;
  /** Connections one address may have, so that nobody takes all of them; for IPv6 one network of 64 bits. */
  readonly maxPerAddress: number;
  /** Addresses that may have as many as there are: others stand behind them. */
  readonly isExempt: (address: string) => boolean;
  readonly dropped: (reason: 'too-many' | 'malformed' | 'handshake') => void;
  /** Takes connections that speak HTTP/2. */
  readonly http2?: (socket: TLSSocket) => ServerHttp2Session;
}

export function serve(options: ServeOptions): Listener {
  const { server, clock } = options;
  const active = new Set<ServerResponse>();
  const connections = new Set<Socket>();
  server.maxConnections = maxConnections;
  limitConnections(options, connections);
  const sessions = takeHttp2(options);
  const upgraded = takeUpgrades(options);
  server.on('request', (_request, response) => {
    active.add(response);
    response.on('close', () => active.delete(response));
  });
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const drained = [...active].map((response) => {
      response.shouldKeepAlive = false;
      return new Promise((resolve) => response.on('close', resolve));
    });
    const ended = [...sessions].map((session) => new Promise<void>((resolve) => session.close(resolve)));
    for (const socket of upgraded) socket.end();
    const grace = new AbortController();
    await Promise.race([Promise.all([...drained, ...ended]), delay(clock, graceMs, grace.signal)]);
    grace.abort();
    // Their last bytes are on the way; then they end, and so do those that never asked for anything.
    for (const socket of [...connections]) socket.destroySoon();
    for (const socket of upgraded) socket.destroy();
    const flush = new AbortController();
    await Promise.race([closed, delay(clock, flushMs, flush.signal)]);
    flush.abort();
    for (const session of sessions) session.destroy();
    server.closeAllConnections();
    for (const socket of [...connections]) socket.destroy();
    await closed;
  };
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  return {
    listen,
    get connections() {
      return connections.size;
    },
    ...running(stop),
  };
}

function limitConnections({ server, maxPerAddress, isExempt, dropped }: ServeOptions, connections: Set<Socket>): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket) => {
    const owner = ownerOf(socket.remoteAddress ?? '');
    const count = counts.get(owner) ?? 0;
    if (count >= maxPerAddress && !isExempt(plainAddress(socket.remoteAddress ?? ''))) {
      dropped('too-many');
      socket.destroy();
      return;
    }
    counts.set(owner, count + 1);
    connections.add(socket);
    socket.on('close', () => {
      connections.delete(socket);
      const left = (counts.get(owner) ?? 1) - 1;
      if (left > 0) counts.set(owner, left);
      else counts.delete(owner);
    });
  });
  server.on('drop', () => dropped('too-many'));
  server.on('tlsClientError', () => dropped('handshake'));
}

/** An IPv4 address, or the network of 64 bits that one customer has. */
export function ownerOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const words = head.split(':');
  return tail === undefined || words.length >= 4 ? words.slice(0, 4).join(':') : `${head}::`;
}

/** Connections that agreed on h2 go there, the others to the server as ever. */
function takeHttp2({ server, http2 }: ServeOptions): Set<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  if (http2 === undefined) return sessions;
  const usual = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol !== 'h2') return usual.forEach((take) => take.call(server, socket));
    const session = http2(socket);
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  return sessions;
}

function takeUpgrades({ server, upgrade }: ServeOptions): Set<Duplex> {
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request, socket: Duplex, head) => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    upgrade(request, socket, head);
  });
  return upgraded;
}

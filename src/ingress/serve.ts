/** A server that ends in good order: what is under way may finish, for a while. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';

/** How long requests may go on when the server stops, in ms. */
const graceMs = 10_000;
/** How long a client may take for what is on the way to it then. */
const flushMs = 1000;
const maxConnections = 20_000;

export interface Listener extends Running {
  /** Resolves with the port, rejects when it cannot be had. */
  listen(port: number): Promise<number>;
}

export function serve(server: Server, upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void, clock: Clock): Listener {
  const upgraded = new Set<Duplex>();
  const active = new Set<ServerResponse>();
  const connections = new Set<Socket>();
  server.maxConnections = maxConnections;
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  server.on('request', (_request, response) => {
    active.add(response);
    response.on('close', () => active.delete(response));
  });
  server.on('upgrade', (request, socket: Duplex, head) => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    upgrade(request, socket, head);
  });
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const drained = [...active].map((response) => {
      response.shouldKeepAlive = false;
      return new Promise((resolve) => response.on('close', resolve));
    });
    for (const socket of upgraded) socket.end();
    const grace = new AbortController();
    await Promise.race([Promise.all(drained), delay(clock, graceMs, grace.signal)]);
    grace.abort();
    // Their last bytes are on the way; then they end, and so do those that never asked for anything.
    for (const socket of [...connections]) socket.destroySoon();
    for (const socket of upgraded) socket.destroy();
    const flush = new AbortController();
    await Promise.race([closed, delay(clock, flushMs, flush.signal)]);
    flush.abort();
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
  return { listen, ...running(stop) };
}

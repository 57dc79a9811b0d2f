/** TCP and UDP proxies for one frontend each. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Backend } from '../backends.ts';
import type { UserspaceFrontend } from './frontends.ts';
import { Chooser } from './frontends.ts';

/** An open frontend. What is open goes on when its backends change. */
export interface Listener extends Running {
  frontend: UserspaceFrontend;
}

export interface ListenerOptions {
  readonly clock: Clock;
  /** How a pod is reached. Default: a plain connection. */
  readonly dial?: (backend: Backend) => Socket;
}

/** A UDP client that is silent for so long is forgotten. */
const udpIdleMs = 60_000;

/** Rejects when the address cannot be had. */
export function openListener(frontend: UserspaceFrontend, options: ListenerOptions): Promise<Listener> {
  return frontend.protocol === 'TCP' ? openTcp(frontend, options) : openUdp(frontend, options);
}

function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}

async function openTcp(frontend: UserspaceFrontend, options: ListenerOptions): Promise<Listener> {
  const { clock, dial = ({ ip, port }: Backend) => connect({ host: ip, port, allowHalfOpen: true }) } = options;
  const chooser = new Chooser();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const backend = chooser.choose(listener.frontend, plain(client.remoteAddress), clock.now());
    client.on('error', () => undefined);
    if (backend === undefined) {
      client.resetAndDestroy();
      return;
    }
    const upstream = dial(backend);
    keep(client);
    keep(upstream);
    upstream.on('error', () => client.resetAndDestroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroySoon());
    client.pipe(upstream);
    upstream.pipe(client);
  });
  const { host, port } = frontend;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: true }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
  const listener: Listener = {
    frontend,
    ...running(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }),
  };
  return listener;
}

interface Flow {
  readonly backend: Backend;
  readonly socket: DatagramSocket;
  lastUse: number;
}

async function openUdp(frontend: UserspaceFrontend, { clock }: ListenerOptions): Promise<Listener> {
  const chooser = new Chooser();
  const flows = new Map<string, Flow>();
  const type = frontend.host.includes(':') ? 'udp6' : 'udp4';
  const front = createSocket({ type, ipv6Only: type === 'udp6' });
  const end = (key: string): void => {
    flows.get(key)?.socket.close();
    flows.delete(key);
  };
  const flowOf = (key: string, client: { address: string; port: number }): Flow | undefined => {
    const known = flows.get(key);
    if (known !== undefined && listener.frontend.backends.some(({ ip, port }) => ip === known.backend.ip && port === known.backend.port))
      return known;
    // The endpoint is gone, or the client is new.
    if (known !== undefined) end(key);
    const backend = chooser.choose(listener.frontend, plain(client.address), clock.now());
    if (backend === undefined) return undefined;
    for (const [other, { lastUse }] of flows) if (clock.now() - lastUse > udpIdleMs) end(other);
    const socket = createSocket(backend.ip.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', () => undefined);
    socket.on('message', (message) => front.send(message, client.port, client.address, () => undefined));
    const flow = { backend, socket, lastUse: clock.now() };
    flows.set(key, flow);
    return flow;
  };
  front.on('message', (message, client) => {
    const flow = flowOf(`${client.address} ${client.port}`, client);
    if (flow === undefined) return;
    flow.lastUse = clock.now();
    flow.socket.send(message, flow.backend.port, flow.backend.ip, () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    front.once('error', reject);
    front.bind({ address: frontend.host, port: frontend.port, exclusive: true }, () => {
      front.off('error', reject);
      front.on('error', () => undefined);
      resolve();
    });
  });
  const listener: Listener = {
    frontend,
    ...running(async () => {
      for (const key of [...flows.keys()]) end(key);
      await new Promise<void>((resolve) => front.close(() => resolve()));
    }),
  };
  return listener;
}

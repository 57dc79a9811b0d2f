/** UDP and TCP listeners that turn packets into requests and answers into packets. Nothing a client sends makes them fail. */
import type { Socket as UdpSocket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import type { Answer, Handler } from './handler.ts';
import type { DnsMetrics, Recorder } from './metrics.ts';
import type { ReplyCache } from './reply-cache.ts';
import type { Query } from './wire.ts';
import { MalformedMessage, readQuery, udpLimit, writeFormatError, writeReply } from './wire.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface DnsListener extends Running {
  readonly host: string;
  /** The same for UDP and TCP. */
  readonly port: number;
}

const idleMs = 10_000;
const maxConnections = 1000;
const longestMessage = 65_535;

export interface ListenOptions {
  readonly handler: Handler;
  readonly replies: ReplyCache;
  readonly metrics: DnsMetrics;
}

/** Rejects when the address is in use. */
export async function listen(address: ListenAddress, options: ListenOptions): Promise<DnsListener> {
  // With a port of the system's choosing, TCP may find the one that UDP got in use: then another is tried.
  for (let attempt = 0; ; attempt++) {
    const udp = await listenUdp(address, options);
    const { port } = udp.address();
    try {
      const tcp = await listenTcp({ host: address.host, port }, options);
      return { host: address.host, port, ...running(() => close(udp, tcp)) };
    } catch (error) {
      await new Promise<void>((resolve) => udp.close(resolve));
      if (address.port !== 0 || attempt >= 10) throw error;
    }
  }
}

interface TcpServer {
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

async function close(udp: UdpSocket, tcp: TcpServer): Promise<void> {
  for (const socket of tcp.sockets) socket.destroy();
  await Promise.all([
    new Promise<void>((resolve) => udp.close(resolve)),
    new Promise<void>((resolve) => tcp.server.close(() => resolve())),
  ]);
}

/** Every answer goes to an address that is already one: Node would put off each packet to look it up. */
const asItIs = (host: string, _: unknown, found: (error: null, address: string, family: number) => void): void =>
  found(null, host, host.includes(':') ? 6 : 4);

function listenUdp({ host, port }: ListenAddress, options: ListenOptions): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const common = { recvBufferSize: 1 << 20, lookup: asItIs };
    const socket = createSocket(host.includes(':') ? { type: 'udp6', ipv6Only: true, ...common } : { type: 'udp4', ...common });
    const recorder = options.metrics.recorder('udp', host.includes(':'));
    let open = true;
    socket.on('close', () => (open = false));
    socket.on('message', (bytes, client) => {
      // An error of one answer (client gone, address unreachable) is that client's affair.
      const send = (reply: Buffer): void => {
        if (open) socket.send(reply, client.port, client.address, ignore);
      };
      const started = performance.now();
      const known = options.replies.find(bytes);
      if (known === undefined) return respond(bytes, { tcp: false, recorder }, options, send);
      send(known.bytes);
      recorder.answered(known.query, { rcode: known.reply.rcode, size: known.bytes.length }, performance.now() - started);
    });
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

const ignore = (): void => undefined;

function listenTcp({ host, port }: ListenAddress, options: ListenOptions): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  const recorder = options.metrics.recorder('tcp', host.includes(':'));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.setNoDelay(true);
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const message = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + message.length);
        respond(message, { tcp: true, recorder }, options, (reply) => void (socket.writable && socket.write(framed(reply))));
      }
    });
  });
  server.maxConnections = maxConnections;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve({ server, sockets });
    });
  });
}

function framed(message: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(message.length + 2);
  whole.writeUInt16BE(message.length, 0);
  message.copy(whole, 2);
  return whole;
}

interface Source {
  readonly tcp: boolean;
  readonly recorder: Recorder;
}

function respond(bytes: Buffer, { tcp, recorder }: Source, { handler, replies }: ListenOptions, send: (reply: Buffer) => void): void {
  // An answer is never answered: two servers would talk forever.
  if (bytes.length < 3 || ((bytes[2] ?? 0) & 0x80) !== 0) return;
  const started = performance.now();
  let query: Query;
  try {
    query = readQuery(bytes);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    const reply = writeFormatError(bytes);
    if (reply !== undefined) send(reply);
    return;
  }
  const finish = (answer: Answer): void => {
    const reply = encode(query, answer, tcp);
    send(reply);
    const rcode = 'message' in answer ? (reply[3] ?? 0) & 0xf : answer.rcode;
    recorder.answered(query, { rcode, size: reply.length }, performance.now() - started);
  };
  const answer = handler({ query, tcp });
  if (answer instanceof Promise) return void answer.then(finish);
  if (!tcp && !('message' in answer)) replies.keep(query, answer);
  finish(answer);
}

/** The answer's bytes. A message from elsewhere gets the client's id and question; one too long for the client is cut to its question. */
export function encode(query: Query, answer: Answer, tcp: boolean): Buffer {
  const limit = tcp ? longestMessage : udpLimit(query);
  if (!('message' in answer)) return writeReply(query, answer, limit);
  const { message } = answer;
  const cut = message.length > limit;
  const reply = Buffer.from(cut ? message.subarray(0, query.questionEnd) : message);
  query.bytes.copy(reply, 0, 0, 2);
  query.bytes.copy(reply, 12, 12, query.questionEnd);
  if (cut) {
    reply.writeUInt16BE(reply.readUInt16BE(2) | 0x0200, 2);
    reply.fill(0, 6, 12);
  }
  return reply;
}

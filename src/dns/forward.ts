/** Asks other servers, those of the machine's resolv.conf for one, each question from a port and with an id of its own (RFC 5452). */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Handler, Request } from './handler.ts';
import { emptyReply } from './handler.ts';
import type { DnsMetrics } from './metrics.ts';
import { rcodes, readName } from './wire.ts';

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

const tryMs = 2000;
const maxConcurrent = 1000;

export interface ForwardOptions {
  /** Those that are to be asked now, in this order. */
  readonly upstreams: () => readonly Upstream[];
  readonly clock: Clock;
  readonly metrics: DnsMetrics;
}

/**
 * A server that did not answer is asked last until it answers again. Where there is none to ask, there is no such name: musl's resolver
 * waits five seconds on a refusal or a failure, also for a mistyped name of the cluster, which it asks bare in the end. Nothing in
 * that answer allows anybody to remember it.
 */
export function forwarder({ upstreams, clock, metrics }: ForwardOptions): Handler {
  const failed = new Set<string>();
  let running = 0;
  const ask = async (request: Request, servers: readonly Upstream[]): Promise<Buffer> => {
    const order = [...servers].sort((a, b) => Number(failed.has(nameOf(a))) - Number(failed.has(nameOf(b))));
    const failures: unknown[] = [];
    for (const upstream of order.length === 1 ? [...order, ...order] : order) {
      try {
        metrics.forwarded(nameOf(upstream));
        const began = clock.monotonic();
        const message = await askOne(upstream, request, clock);
        metrics.heard(nameOf(upstream), (message[3] ?? 0) & 0xf, clock.monotonic() - began);
        failed.delete(nameOf(upstream));
        return message;
      } catch (error) {
        failed.add(nameOf(upstream));
        failures.push(error);
      }
    }
    throw new AggregateError(failures, 'no upstream DNS server answered');
  };
  return async (request) => {
    const servers = upstreams();
    if (servers.length === 0) return emptyReply(rcodes.NXDOMAIN);
    if (running >= maxConcurrent) {
      metrics.forwardRejects.inc();
      return emptyReply(rcodes.REFUSED);
    }
    running++;
    try {
      return { message: await ask(request, servers) };
    } finally {
      running--;
    }
  };
}

function nameOf({ host, port }: Upstream): string {
  return `${host}:${String(port)}`;
}

/** UDP first (some resolvers speak nothing else); over TCP again when the answer was cut and the client can take a long one. */
async function askOne(upstream: Upstream, request: Request, clock: Clock): Promise<Buffer> {
  const message = await askUdp(upstream, request, clock);
  const cut = (message.readUInt16BE(2) & 0x0200) !== 0;
  return cut && request.tcp ? askTcp(upstream, request, clock) : message;
}

/** The question with another id, so that a forged answer has to guess it. */
function withId(bytes: Buffer, id: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(id, 0);
  return copy;
}

function isAnswerTo(message: Buffer, id: number, request: Request): boolean {
  if (message.length < 12 || message.readUInt16BE(0) !== id || (message.readUInt16BE(2) & 0x8000) === 0 || message.readUInt16BE(4) !== 1)
    return false;
  try {
    const { name, end } = readName(message, 12);
    const { question, questionEnd } = request.query;
    return end + 4 === questionEnd && end + 4 <= message.length && name === question.name && message.readUInt16BE(end) === question.type;
  } catch {
    return false;
  }
}

function askUdp(upstream: Upstream, request: Request, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const socket = createSocket(upstream.host.includes(':') ? 'udp6' : 'udp4');
    let open = true;
    // Errors may come several at a time, and a socket is closed only once.
    const done = (settle: () => void): void => {
      if (!open) return;
      open = false;
      cancel();
      socket.close();
      settle();
    };
    const cancel = clock.after(tryMs, () => done(() => reject(new Error(`${upstream.host} did not answer in time`))));
    socket.on('error', (error) => done(() => reject(error)));
    socket.on('message', (message) => {
      if (isAnswerTo(message, id, request)) done(() => resolve(message));
    });
    // Not as a callback of connect(): that is called for an unreachable network too, and nothing can be sent then.
    socket.once('connect', () => socket.send(withId(request.query.bytes, id)));
    socket.connect(upstream.port, upstream.host);
  });
}

function askTcp(upstream: Upstream, request: Request, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const socket = connect(upstream.port, upstream.host);
    let received = Buffer.alloc(0);
    const done = (settle: () => void): void => {
      cancel();
      socket.destroy();
      settle();
    };
    const cancel = clock.after(tryMs, () => done(() => reject(new Error(`${upstream.host} did not answer in time`))));
    socket.on('error', (error) => done(() => reject(error)));
    socket.on('end', () => done(() => reject(new Error(`${upstream.host} closed the connection`))));
    socket.on('connect', () => {
      const message = withId(request.query.bytes, id);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length, 0);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      done(() => (isAnswerTo(message, id, request) ? resolve(message) : reject(new Error(`${upstream.host} answered something else`))));
    });
  });
}

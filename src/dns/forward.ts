/** Asks the servers of the machine's resolv.conf, each question from a port and with an id of its own (RFC 5452). */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Handler, Request } from './handler.ts';
import { emptyReply } from './handler.ts';
import type { DnsMetrics } from './metrics.ts';
import { rcodes, readName } from './wire.ts';

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** The name servers of a resolv.conf text, without those in `except` (ourselves: asking there would go round in circles). */
export function parseUpstreams(text: string, except: (host: string) => boolean = () => false): Upstream[] {
  const hosts = text.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return [...new Set(hosts)].filter((host) => isIP(host.replace(/%.*$/, '')) !== 0 && !except(host)).map((host) => ({ host, port: 53 }));
}

export async function readUpstreams(file: string, except?: (host: string) => boolean): Promise<Upstream[]> {
  return parseUpstreams(await readFile(file, 'utf8').catch(() => ''), except);
}

const tryMs = 2000;
const maxConcurrent = 1000;

export interface ForwardOptions {
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly metrics: DnsMetrics;
}

/** A server that did not answer is asked last until it answers again. Without any server questions are refused. */
export function forwarder({ upstreams, clock, metrics }: ForwardOptions): Handler {
  const failed = new Set<Upstream>();
  let running = 0;
  const ask = async (request: Request): Promise<Buffer> => {
    const order = [...upstreams].sort((a, b) => Number(failed.has(a)) - Number(failed.has(b)));
    const failures: unknown[] = [];
    for (const upstream of order.length === 1 ? [...order, ...order] : order) {
      try {
        metrics.forwarded(`${upstream.host}:${String(upstream.port)}`);
        const message = await askOne(upstream, request, clock);
        failed.delete(upstream);
        return message;
      } catch (error) {
        failed.add(upstream);
        failures.push(error);
      }
    }
    throw new AggregateError(failures, 'no upstream DNS server answered');
  };
  return async (request) => {
    if (upstreams.length === 0 || running >= maxConcurrent) return emptyReply(rcodes.REFUSED);
    running++;
    try {
      return { message: await ask(request) };
    } finally {
      running--;
    }
  };
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

/**
 * Keeps messages from upstream servers for as long as they allow, at most 30 s (the cache of a usual cluster DNS), and asks each
 * question once at a time. When no server answers, what was true within the last hour is answered still (RFC 8767), with a TTL of 0
 * as CoreDNS does with serve_stale.
 */
import type { Clock } from '../base/clock.ts';
import type { Answer, Handler, Request } from './handler.ts';
import type { DnsMetrics } from './metrics.ts';
import { rcodes, readName, readRecords, types } from './wire.ts';

const usualSeconds = 30;
const staleSeconds = 3600;
const maxEntries = 10_000;

interface Entry {
  readonly message: Buffer;
  readonly ttls: readonly number[];
  readonly stored: number;
  readonly seconds: number;
  readonly denied: boolean;
}

export interface CacheOptions {
  readonly clock: Clock;
  readonly metrics: DnsMetrics;
  /** No answer lives longer. Default 30. */
  readonly longestSeconds?: number;
}

export function cached({ clock, metrics, longestSeconds = usualSeconds }: CacheOptions, next: Handler): Handler {
  const entries = new Map<string, Entry>();
  const pending = new Map<string, Promise<Answer>>();
  const ageOf = (entry: Entry): number => Math.floor((clock.monotonic() - entry.stored) / 1000);

  const forget = (key: string): boolean => {
    const entry = entries.get(key);
    if (entry !== undefined) metrics.cacheEntries[entry.denied ? 'denial' : 'success'].add(-1);
    return entries.delete(key);
  };
  const keep = (key: string, entry: Entry): void => {
    // The newest stand last.
    forget(key);
    if (entries.size >= maxEntries) for (const oldest of entries.keys()) if (forget(oldest)) break;
    entries.set(key, entry);
    metrics.cacheEntries[entry.denied ? 'denial' : 'success'].add(1);
  };
  const stale = (key: string): Answer | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || ageOf(entry) > entry.seconds + staleSeconds) return undefined;
    metrics.servedStale.inc();
    return { message: aged(entry, Number.MAX_SAFE_INTEGER) };
  };
  const ask = async (key: string, request: Request): Promise<Answer> => {
    metrics.cacheMisses.inc();
    let answer: Answer;
    try {
      answer = await next(request);
    } catch (error) {
      const old = stale(key);
      if (old === undefined) throw error;
      return old;
    }
    if (!('message' in answer)) return answer;
    if ((answer.message.readUInt16BE(2) & 0xf) === rcodes.SERVFAIL) return stale(key) ?? answer;
    const entry = entryOf(answer.message, clock.monotonic(), longestSeconds);
    if (entry !== undefined) keep(key, entry);
    return answer;
  };

  return (request) => {
    metrics.cacheRequests.inc();
    const key = keyOf(request);
    const entry = entries.get(key);
    const age = entry === undefined ? 0 : ageOf(entry);
    if (entry !== undefined && age < entry.seconds) {
      metrics.hit(entry.denied ? 'denial' : 'success');
      return { message: aged(entry, age) };
    }
    const running = pending.get(key);
    if (running !== undefined) return running;
    const answer = ask(key, request).finally(() => pending.delete(key));
    pending.set(key, answer);
    return answer;
  };
}

function keyOf({ query, tcp }: Request): string {
  const { question, edns, checkingDisabled, recursionDesired } = query;
  const size = tcp ? 'tcp' : String(edns?.udpSize ?? '');
  return `${question.name} ${question.type} ${edns?.dnssecOk ?? ''} ${size} ${checkingDisabled} ${recursionDesired}`;
}

/** Undefined for what must not be kept: failures, cut-off messages, denials without a start of authority, unreadable ones. */
function entryOf(message: Buffer, now: number, longestSeconds: number): Entry | undefined {
  const flags = message.readUInt16BE(2);
  const rcode = flags & 0xf;
  if ((flags & 0x0200) !== 0 || (rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN)) return undefined;
  try {
    const ttls: number[] = [];
    let seconds = longestSeconds;
    let answers = 0;
    let denied = false;
    for (const record of readRecords(message, readName(message, 12).end + 4)) {
      if (record.type === types.OPT) continue;
      ttls.push(record.ttlAt);
      seconds = Math.min(seconds, message.readUInt32BE(record.ttlAt));
      if (record.section === 'answer') answers++;
      if (record.section === 'authority' && record.type === types.SOA && record.dataLength >= 4) {
        denied = true;
        seconds = Math.min(seconds, message.readUInt32BE(record.dataAt + record.dataLength - 4));
      }
    }
    const useful = seconds > 0 && (answers > 0 || denied);
    return useful ? { message, ttls, stored: now, seconds, denied: answers === 0 } : undefined;
  } catch {
    return undefined;
  }
}

function aged(entry: Entry, seconds: number): Buffer {
  const message = Buffer.from(entry.message);
  for (const at of entry.ttls) message.writeUInt32BE(Math.max(0, message.readUInt32BE(at) - seconds), at);
  return message;
}

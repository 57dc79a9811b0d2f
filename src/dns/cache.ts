/** Keeps messages from upstream servers for as long as they allow, at most 30 s (the cache of a usual cluster DNS), and asks each question once at a time. */
import type { Clock } from '../base/clock.ts';
import type { Answer, Handler, Request } from './handler.ts';
import { rcodes, readName, readRecords, types } from './wire.ts';

const longestSeconds = 30;
const maxEntries = 10_000;

interface Entry {
  readonly message: Buffer;
  readonly ttls: readonly number[];
  readonly stored: number;
  readonly seconds: number;
}

export function cached(clock: Clock, next: Handler): Handler {
  const entries = new Map<string, Entry>();
  const pending = new Map<string, Promise<Answer>>();

  const ask = async (key: string, request: Request): Promise<Answer> => {
    const answer = await next(request);
    const entry = 'message' in answer ? entryOf(answer.message, clock.monotonic()) : undefined;
    if (entry !== undefined) {
      if (entries.size >= maxEntries) for (const oldest of entries.keys()) if (entries.delete(oldest)) break;
      entries.set(key, entry);
    }
    return answer;
  };

  return (request) => {
    const key = keyOf(request);
    const entry = entries.get(key);
    if (entry !== undefined) {
      const age = Math.floor((clock.monotonic() - entry.stored) / 1000);
      if (age < entry.seconds) return { message: aged(entry, age) };
      entries.delete(key);
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
function entryOf(message: Buffer, now: number): Entry | undefined {
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
    return seconds > 0 && (answers > 0 || denied) ? { message, ttls, stored: now, seconds } : undefined;
  } catch {
    return undefined;
  }
}

function aged(entry: Entry, seconds: number): Buffer {
  const message = Buffer.from(entry.message);
  for (const at of entry.ttls) message.writeUInt32BE(Math.max(0, message.readUInt32BE(at) - seconds), at);
  return message;
}

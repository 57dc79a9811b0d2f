/**
 * What keeps events from flooding the API: repeats are counted in one Event, many similar ones are combined, a chatty
 * source is held back. Numbers and keys from client-go tools/record/events_cache.go. Pure but for its memory.
 */
import type { CoreV1Event, ObjectReference } from '../api/generated/types.ts';
import type { New } from '../api/object.ts';
import { rfc3339 } from '../base/clock.ts';
import { RecentMap } from '../base/recent-map.ts';

const cacheEntries = 4096;
/** So many different messages of one reason within the interval, and they are combined. */
const combineAt = 10;
const combineIntervalMs = 600_000;
const spamBurst = 25;
const spamRefillMs = 300_000;

export interface EventFacts {
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component: string;
  readonly host: string;
}

/** What to do with one event: create it, or raise the count of an earlier one (create again if that is gone). */
export interface EventWrite {
  readonly event: New<CoreV1Event>;
  readonly patch?: { readonly count: number; readonly lastTimestamp: string; readonly message: string };
}

interface Observed {
  readonly name: string;
  readonly count: number;
  readonly firstTimestamp: string;
}

export class EventCorrelator {
  readonly #similar = new RecentMap<string, { messages: Set<string>; last: number }>(cacheEntries);
  readonly #observed = new RecentMap<string, Observed>(cacheEntries);
  readonly #tokens = new RecentMap<string, { tokens: number; at: number }>(cacheEntries);

  /** Undefined when the source has said too much about this object. `now` in ms. */
  correlate(facts: EventFacts, name: string, now: number): EventWrite | undefined {
    const combined = this.#combine(facts, now);
    const source = [facts.component, facts.host, ...aboutKeys(facts.regarding), facts.type];
    const similarKey = JSON.stringify([...source, facts.regarding.fieldPath, facts.reason]);
    const key = combined ? similarKey : JSON.stringify([...source, facts.regarding.fieldPath, facts.reason, facts.message]);
    const message = combined ? `(combined from similar events): ${facts.message}` : facts.message;
    const last = this.#observed.get(key);
    const time = rfc3339(now);
    const seen = { name: last?.name ?? name, count: (last?.count ?? 0) + 1, firstTimestamp: last?.firstTimestamp ?? time };
    this.#observed.set(key, seen);
    if (this.#isSpam(JSON.stringify(source), now)) return undefined;
    const event = makeEvent({ ...facts, message }, seen, time);
    return last === undefined ? { event } : { event, patch: { count: seen.count, lastTimestamp: time, message } };
  }

  #combine(facts: EventFacts, now: number): boolean {
    const key = JSON.stringify([facts.component, facts.host, ...aboutKeys(facts.regarding), facts.type, facts.reason]);
    let record = this.#similar.get(key);
    if (record === undefined || now - record.last > combineIntervalMs) record = { messages: new Set(), last: now };
    record.messages.add(facts.message);
    record.last = now;
    this.#similar.set(key, record);
    if (record.messages.size < combineAt) return false;
    for (const message of record.messages) {
      record.messages.delete(message);
      break;
    }
    return true;
  }

  #isSpam(key: string, now: number): boolean {
    const bucket = this.#tokens.get(key) ?? { tokens: spamBurst, at: now };
    const tokens = Math.min(spamBurst, bucket.tokens + (now - bucket.at) / spamRefillMs);
    this.#tokens.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens < 1;
  }
}

function aboutKeys(about: ObjectReference): (string | undefined)[] {
  return [about.kind, about.namespace, about.name, about.uid, about.apiVersion];
}

function makeEvent(facts: EventFacts, seen: Observed, time: string): New<CoreV1Event> {
  return {
    metadata: {
      name: seen.name,
      namespace: facts.regarding.namespace ?? 'default',
    },
    involvedObject: facts.regarding,
    reason: facts.reason,
    message: facts.message,
    source: { component: facts.component, ...(facts.host === '' ? {} : { host: facts.host }) },
    firstTimestamp: seen.firstTimestamp,
    lastTimestamp: time,
    count: seen.count,
    type: facts.type,
    reportingComponent: facts.component,
    reportingInstance: facts.host,
  };
}

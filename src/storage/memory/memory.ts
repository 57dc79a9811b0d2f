/** A store that lives in this process only: for tests, and as the plainest model of the contract. */
import type { Clock } from '../../base/clock.ts';
import { running } from '../../base/lifecycle.ts';
import { Expiry, expiresAt } from '../expiry.ts';
import { lowerBound, prefixEnd } from '../keys.ts';
import { defaultKeepMs, Retention } from '../retention.ts';
import type { KeyValue, PutOptions, RangeOptions, RangeResult, Storage, StorageEvent, WatchOptions, WriteResult } from '../storage.ts';
import { checkSize, closedError, compactedError, futureError } from '../storage-errors.ts';
import { WatchHub, type HistoryPage } from '../watch-hub.ts';

export interface MemoryOptions {
  readonly clock: Clock;
  /** How long history is kept, in ms. */
  readonly keepMs?: number;
}

export function openMemory(options: MemoryOptions): Storage {
  const store = new MemoryStore(options);
  const life = running(() => store.close());
  return {
    revision: async () => store.open().newest,
    get: async (key) => store.open().get(key),
    range: async (range) => store.open().range(range),
    put: async (key, value, put) => store.open().put(key, value, put),
    delete: async (key, expected) => store.open().delete(key, expected),
    watch: (watch, sink) => store.open().hub.watch(watch, sink),
    compact: async (revision) => store.open().compact(revision),
    stop: () => life.stop(),
    [Symbol.asyncDispose]: () => life.stop(),
  };
}

const nothing = Buffer.alloc(0);

class MemoryStore {
  newest = 1;
  readonly hub: WatchHub;
  readonly #clock: Clock;
  readonly #expiry: Expiry;
  readonly #retention: Retention;
  readonly #current = new Map<string, KeyValue>();
  /** Every key with a current state or history, sorted. */
  readonly #keys: string[] = [];
  /** Events not compacted, oldest first, each with the state before it. */
  readonly #log: { readonly event: StorageEvent; readonly before: KeyValue | undefined }[] = [];
  #compacted = 0;
  #closed = false;

  constructor({ clock, keepMs = defaultKeepMs }: MemoryOptions) {
    this.#clock = clock;
    this.hub = new WatchHub(this.newest, async (watch) => this.#history(watch));
    this.#expiry = new Expiry(clock, (due) => {
      for (const { key, revision } of due) this.delete(key, revision);
    });
    this.#retention = new Retention({ clock, keepMs, compact: (revision) => this.compact(revision) });
  }

  open(): this {
    if (this.#closed) throw closedError();
    return this;
  }

  close(): void {
    this.#closed = true;
    this.#expiry.stop();
    this.#retention.stop();
    this.hub.end(closedError());
  }

  get(key: string): KeyValue | undefined {
    return this.#current.get(key);
  }

  range({ prefix, after, limit = Infinity, revision = this.newest }: RangeOptions): RangeResult {
    if (revision > this.newest) throw futureError(revision, this.newest);
    if (revision < this.#compacted) throw compactedError(revision, this.#compacted);
    const past = this.#changedSince(revision);
    const items: KeyValue[] = [];
    let remaining = 0;
    const end = prefixEnd(prefix);
    const to = end === undefined ? this.#keys.length : lowerBound(this.#keys, end);
    for (let at = after === undefined ? lowerBound(this.#keys, prefix) : lowerBound(this.#keys, after); at < to; at++) {
      const key = this.#keys[at] ?? '';
      if (key === after) continue;
      const state = past.has(key) ? past.get(key) : this.#current.get(key);
      if (state === undefined) continue;
      if (items.length < limit) items.push(state);
      else remaining++;
    }
    return { items, revision, remaining };
  }

  put(key: string, value: Buffer, { expected, ttlSeconds }: PutOptions): WriteResult {
    checkSize(value);
    const before = this.#current.get(key);
    if ((before?.modRevision ?? 0) !== expected) return { done: false, current: before };
    const modRevision = ++this.newest;
    const createRevision = before?.createRevision ?? modRevision;
    if (before === undefined) this.#rememberKey(key);
    this.#current.set(key, { key, value, createRevision, modRevision });
    this.#commit({ type: 'put', key, value, previous: before?.value, createRevision, modRevision }, before);
    if (ttlSeconds !== undefined) this.#expiry.add({ key, revision: modRevision, at: expiresAt(this.#clock.now(), ttlSeconds) });
    return { done: true, revision: modRevision };
  }

  delete(key: string, expected: number): WriteResult {
    const before = this.#current.get(key);
    if (before === undefined || before.modRevision !== expected) return { done: false, current: before };
    const modRevision = ++this.newest;
    this.#current.delete(key);
    this.#commit(
      { type: 'delete', key, value: nothing, previous: before.value, createRevision: before.createRevision, modRevision },
      before,
    );
    return { done: true, revision: modRevision };
  }

  compact(revision: number): void {
    if (revision > this.newest) throw futureError(revision, this.newest);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    const kept = this.#log.findIndex(({ event }) => event.modRevision > revision);
    const forgotten = this.#log.splice(0, kept === -1 ? this.#log.length : kept);
    const logged = new Set(this.#log.map(({ event }) => event.key));
    for (const { key } of forgotten.map(({ event }) => event)) {
      if (this.#current.has(key) || logged.has(key)) continue;
      const at = lowerBound(this.#keys, key);
      if (this.#keys[at] === key) this.#keys.splice(at, 1);
    }
  }

  #commit(event: StorageEvent, before: KeyValue | undefined): void {
    this.#log.push({ event, before });
    if (event.previous !== undefined) this.#retention.superseded(event.modRevision);
    this.hub.deliver([event], event.modRevision);
  }

  #rememberKey(key: string): void {
    const at = lowerBound(this.#keys, key);
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key);
  }

  /** The states at `revision` of all keys that changed afterwards. */
  #changedSince(revision: number): Map<string, KeyValue | undefined> {
    const past = new Map<string, KeyValue | undefined>();
    if (revision === this.newest) return past;
    for (let at = this.#log.length - 1; at >= 0; at--) {
      const change = this.#log[at];
      if (change === undefined || change.event.modRevision <= revision) break;
      past.set(change.event.key, change.before);
    }
    return past;
  }

  #history({ prefix, after }: WatchOptions): HistoryPage {
    if (after < this.#compacted) throw compactedError(after, this.#compacted);
    const events = this.#log.map(({ event }) => event).filter((event) => event.modRevision > after && event.key.startsWith(prefix));
    return { events, revision: this.newest };
  }
}

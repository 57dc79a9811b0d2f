/** The distributed store: an etcd cluster, with the keys and values an upstream API server keeps there. */
import type { Clock } from '../../base/clock.ts';
import { running, type Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { prefixEnd } from '../keys.ts';
import { defaultKeepMs } from '../retention.ts';
import { checkSize, closedError } from '../storage-errors.ts';
import {
  StorageError,
  type KeyValue,
  type PutOptions,
  type RangeOptions,
  type RangeResult,
  type Storage,
  type StorageEvent,
  type WatchOptions,
  type WatchSink,
  type WriteResult,
} from '../storage.ts';
import { Compactor, compactionKey } from './compactor.ts';
import { etcdError, isLeaseGone, isServiceError } from './errors.ts';
import { Leases } from './leases.ts';
import { Members, type Answered, type EtcdAccess } from './members.ts';
import {
  decodeLeaseGrant,
  decodeRange,
  decodeStatus,
  decodeTxn,
  encodeCompaction,
  encodeLeaseGrant,
  encodeRange,
  encodeVersionedPut,
  encodeWrite,
  type RangeAnswer,
  type RangeRequest,
  type TxnAnswer,
} from './messages.ts';
import { EtcdWatch } from './watch.ts';

export type { EtcdAccess } from './members.ts';

export interface EtcdOptions extends EtcdAccess {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long history is kept at least, in ms. Default five minutes. */
  readonly keepMs?: number;
}

/** Keys of one answer: a whole range is read in pieces of one revision. */
const pieceKeys = 5000;
/** An acknowledged write is told here first; a watch that is interrupted then does not hold it up longer than this, in ms. */
const tellMs = 1000;

/** Resolves when a member has answered; rejects with `unavailable` when none does. */
export async function openEtcd(options: EtcdOptions): Promise<Storage> {
  const store = new EtcdStore(options);
  try {
    await store.login();
    await store.revision();
    await store.checkVersion();
  } catch (error) {
    await store.close();
    throw etcdError(error);
  }
  const life = running(() => store.close());
  return {
    shared: true,
    revision: async () => store.open().revision(),
    get: async (key) => store.open().get(key),
    range: async (range) => store.open().range(range),
    put: async (key, value, put) => store.open().put(key, value, put),
    delete: async (key, expected) => store.open().delete(key, expected),
    watch: (watch, sink) => store.open().watch(watch, sink),
    compact: async (revision) => store.open().compact(revision),
    stop: () => life.stop(),
    [Symbol.asyncDispose]: () => life.stop(),
  };
}

class EtcdStore {
  readonly #members: Members;
  readonly #logger: Logger;
  readonly #leases: Leases;
  readonly #compactor: Compactor;
  readonly #watches = new Set<EtcdWatch>();
  readonly #writes = new Set<Promise<unknown>>();
  /** What is being written, by key: the events of these writes share its memory. */
  readonly #own = new Map<string, Buffer>();
  #asking: Promise<number> | undefined;
  #askingNext: Promise<number> | undefined;
  #closed = false;

  constructor({ clock, logger, keepMs = defaultKeepMs, ...access }: EtcdOptions) {
    this.#members = new Members(access);
    this.#logger = logger;
    this.#leases = new Leases(clock, (seconds) => this.#grant(seconds));
    this.#compactor = new Compactor({
      clock,
      keepMs,
      count: (version, value) => this.#count(version, value),
      compact: (revision) => this.compact(revision),
      failed: (error) => logger.warn({ error: String(error) }, 'compaction failed; will try again'),
    });
  }

  open(): this {
    if (this.#closed) throw closedError();
    return this;
  }

  login(): Promise<void> {
    return this.#members.login();
  }

  /** Whoever asks while a question is on its way shares the next one: its answer is newer than every write they know of. */
  /** Rejects with `unavailable` when the member is older than what is relied on (progress requests of 3.5); who may not ask is let pass. */
  async checkVersion(): Promise<void> {
    const asked = this.#members.call({ method: 'Maintenance/Status', body: Buffer.alloc(0), decode: decodeStatus });
    const version = await asked.then(
      ({ answer }) => answer,
      () => '',
    );
    const problem = tooOld(version);
    if (problem !== undefined) throw new StorageError('unavailable', problem);
  }

  revision(): Promise<number> {
    if (this.#asking === undefined) return this.#askRevision();
    const next = async (): Promise<number> => {
      await this.#asking?.catch(() => undefined);
      this.#askingNext = undefined;
      return this.#askRevision();
    };
    return (this.#askingNext ??= next());
  }

  async get(key: string): Promise<KeyValue | undefined> {
    const { kvs } = await this.#range({ key, end: '' });
    return kvs[0];
  }

  async range({ prefix, after, limit = Infinity, revision, ahead }: RangeOptions): Promise<RangeResult> {
    const items: KeyValue[] = [];
    const end = prefixEnd(prefix) ?? '\0';
    const first = after === undefined || after < prefix ? prefix || '\0' : `${after}\0`;
    const ask = (key: string, left: number, at: number | undefined): Promise<RangeAnswer> =>
      this.#range({ key, end, limit: Math.min(pieceKeys, left), ...(at === undefined ? {} : { revision: at }) });
    let left = limit;
    let at = revision;
    for (let asked = ask(first, left, at); ;) {
      const { kvs, count, revision: newest } = await asked;
      at ??= newest;
      left -= kvs.length;
      const remaining = Math.max(0, count - kvs.length);
      const isLast = remaining === 0 || left <= 0;
      // The next piece comes while this one is looked at.
      if (!isLast) asked = ask(`${kvs.at(-1)?.key ?? ''}\0`, left, at);
      if (ahead !== undefined) ahead(kvs);
      else for (const kv of kvs) items.push(kv);
      if (isLast) return { items, revision: at, remaining };
    }
  }

  put(key: string, value: Buffer, options: PutOptions): Promise<WriteResult> {
    checkSize(value);
    return this.#tracked(this.#put(key, value, options));
  }

  delete(key: string, expected: number): Promise<WriteResult> {
    return this.#tracked(this.#delete(key, expected));
  }

  watch(options: WatchOptions, sink: WatchSink): Running {
    const watch = new EtcdWatch({
      ...options,
      members: this.#members,
      logger: this.#logger,
      sink,
      own: (event) => this.#ownOf(event),
      over: () => this.#watches.delete(watch),
    });
    this.#watches.add(watch);
    return running(() => watch.end());
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#members.call({ method: 'KV/Compact', body: encodeCompaction(revision), decode: () => true });
    } catch (error) {
      const failure = etcdError(error);
      if (failure.code !== 'compacted') throw failure;
    }
  }

  /** Lets what is on its way be answered, then closes the connections. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#compactor.stop();
    await Promise.allSettled(this.#writes);
    for (const watch of [...this.#watches]) watch.end(closedError());
    this.#members.close();
  }

  async #put(key: string, value: Buffer, { expected, ttlSeconds, mayRepeat }: PutOptions): Promise<WriteResult> {
    this.#own.set(key, value);
    try {
      const write = (lease: bigint): Promise<Answered<TxnAnswer>> => this.#txn(encodeWrite({ key, value, expected, lease }), mayRepeat);
      const { answer, repeated } = await this.#leased(ttlSeconds, write);
      const { succeeded, revision, current } = answer;
      if (succeeded) return await this.#done(key, revision);
      if (!repeated) return { done: false, current };
      if (current?.value.equals(value) === true) return await this.#done(key, current.modRevision);
      throw unknownOutcome();
    } finally {
      if (this.#own.get(key) === value) this.#own.delete(key);
    }
  }

  async #delete(key: string, expected: number): Promise<WriteResult> {
    if (expected === 0) return { done: false, current: await this.get(key) };
    const { answer, repeated } = await this.#txn(encodeWrite({ key, value: undefined, expected, lease: 0n }));
    const { succeeded, revision, current } = answer;
    if (succeeded) return this.#done(key, revision);
    if (repeated && current === undefined) return this.#done(key, await this.#nextChange(key, expected));
    if (repeated) throw unknownOutcome();
    return { done: false, current };
  }

  /** The revision of the change that followed a state of a key. */
  #nextChange(key: string, revision: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const events = (list: readonly StorageEvent[]): void => {
      const change = list.find((event) => event.key === key);
      if (change !== undefined) resolve(change.modRevision);
    };
    const watch = this.watch({ prefix: key, after: revision }, { events, end: reject });
    return promise.finally(() => void watch.stop());
  }

  /** The watches of this process know of a write before whoever made it does. */
  async #done(key: string, revision: number): Promise<WriteResult> {
    this.#compactor.written();
    const behind = [...this.#watches].filter((watch) => watch.told < revision && watch.concerns(key));
    if (behind.length > 0) await withinTime(Promise.all(behind.map((watch) => watch.reached(revision))));
    return { done: true, revision };
  }

  async #leased<T>(seconds: number | undefined, write: (lease: bigint) => Promise<T>): Promise<T> {
    if (seconds === undefined) return write(0n);
    try {
      return await write(await this.#leases.of(seconds));
    } catch (error) {
      if (!isServiceError((error as Error).cause) || !isLeaseGone((error as Error).cause as never)) throw error;
      this.#leases.forget(seconds);
      return write(await this.#leases.of(seconds));
    }
  }

  #askRevision(): Promise<number> {
    const ask = async (): Promise<number> => {
      try {
        const told = [...this.#watches].map((watch) => ({ watch, told: watch.heard }));
        const { revision } = await this.#range({ key: compactionKey, end: '', countOnly: true });
        for (const { watch, told: before } of told) this.#compare(watch, before, revision);
        return revision;
      } finally {
        this.#asking = undefined;
      }
    };
    this.#asking = ask();
    return this.#asking;
  }

  #compare(watch: EtcdWatch, told: number, revision: number): void {
    watch.expect(revision);
    if (told > revision) watch.end(new StorageError('compacted', 'the revisions of etcd have gone back: it was restored from a snapshot'));
  }

  async #range(request: RangeRequest): Promise<RangeAnswer> {
    try {
      return (await this.#members.call({ method: 'KV/Range', body: encodeRange(request), decode: decodeRange })).answer;
    } catch (error) {
      throw etcdError(error);
    }
  }

  async #txn(body: Buffer, mayRepeat?: () => boolean): Promise<Answered<TxnAnswer>> {
    try {
      return await this.#members.call({ method: 'KV/Txn', body, decode: decodeTxn, mayRepeat });
    } catch (error) {
      throw etcdError(error);
    }
  }

  async #grant(seconds: number): Promise<bigint> {
    try {
      return (await this.#members.call({ method: 'Lease/LeaseGrant', body: encodeLeaseGrant(seconds), decode: decodeLeaseGrant })).answer;
    } catch (error) {
      throw etcdError(error);
    }
  }

  async #count(version: number, value: string): Promise<TxnAnswer> {
    return (await this.#txn(encodeVersionedPut(compactionKey, { version, value }))).answer;
  }

  #ownOf(event: StorageEvent): StorageEvent {
    this.#compactor.written();
    const own = this.#own.get(event.key);
    return own !== undefined && event.value.equals(own) ? { ...event, value: own } : event;
  }

  #tracked<T>(write: Promise<T>): Promise<T> {
    this.#writes.add(write);
    const forget = (): void => void this.#writes.delete(write);
    write.then(forget, forget);
    return write;
  }
}

/** Why an etcd of this version cannot be the store; undefined when it can, or when the version is not known. */
export function tooOld(version: string): string | undefined {
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === '' || Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 5)) return undefined;
  return `this etcd is ${version}: 3.5 or later is needed`;
}

const unknownOutcome = (): StorageError =>
  new StorageError('unavailable', 'etcd did not answer, and the key has changed since: whether the write took place is not known');

function withinTime(done: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, tellMs, undefined);
    void done.then(() => (clearTimeout(timer), resolve(undefined)));
  });
}

/** The default store: one SQLite file, with the keys (not the values) indexed in memory. */
import type { Clock } from '../../base/clock.ts';
import { running, type Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { Expiry, expiresAt, type Expiring } from '../expiry.ts';
import { defaultKeepMs, Retention } from '../retention.ts';
import { prefixEnd } from '../keys.ts';
import { checkSize, closedError, futureError } from '../storage-errors.ts';
import type {
  KeyValue,
  PutOptions,
  RangeOptions,
  RangeResult,
  Storage,
  StorageError,
  StorageEvent,
  WatchOptions,
  WatchSink,
  WriteResult,
} from '../storage.ts';
import { asStorageError, WatchHub, type History } from '../watch-hub.ts';
import { CommitQueue, type Place, type Write } from './commit-queue.ts';
import { Unpacker } from './packing.ts';
import { eventWidth, stateWidth, type OpenAnswer, type Rows } from './protocol.ts';
import { LogAccess } from './log-access.ts';

export interface SqliteOptions {
  /** Made when missing; its folder must exist. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The worker's script; default: worker.ts beside this file, or storage-worker.js beside the bundle. */
  readonly workerUrl?: URL;
  /** A worker thread does everything; otherwise one is there only while there is much to do. */
  readonly alwaysWorker?: boolean;
  /** How long history is kept at least, in ms. Default five minutes. */
  readonly keepMs?: number;
  /** The file may not grow beyond this; writes then fail with `full`. */
  readonly maxBytes?: number;
}

/** Rejects with `locked`, `corrupt`, `full` or `unavailable`. */
export async function openSqlite(options: SqliteOptions): Promise<Storage> {
  let store: SqliteStore | undefined;
  const { file, maxBytes = 0, clock, workerUrl, alwaysWorker = false } = options;
  const log = new LogAccess({ file, maxBytes, clock, workerUrl, alwaysWorker, lost: (error) => store?.lost(error) });
  try {
    const opened = await log.open();
    store = new SqliteStore(options, log, opened);
  } catch (error) {
    await log.terminate();
    throw asStorageError(error);
  }
  return facade(store);
}

function facade(store: SqliteStore): Storage {
  const life = running(() => store.close());
  return {
    revision: async () => store.open().revision,
    get: async (key) => store.open().get(key),
    range: async (options) => store.open().range(options),
    put: async (key, value, options) => store.open().put(key, value, options),
    delete: async (key, expected) => store.open().delete(key, expected),
    watch: (options, sink) => store.open().watch(options, sink),
    compact: async (revision) => store.open().compact(revision),
    stop: () => life.stop(),
    [Symbol.asyncDispose]: () => life.stop(),
  };
}

class SqliteStore {
  readonly hub: WatchHub;
  readonly #index = new Map<string, Place>();
  readonly #log: LogAccess;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue: CommitQueue;
  readonly #expiry: Expiry;
  readonly #retention: Retention;
  #cleaning: Promise<void> | undefined;
  #closed: StorageError | undefined;
  /** Reads the index, once somebody needs it. */
  #loading: Promise<void> | undefined;
  #isLoaded = false;

  constructor({ clock, logger, keepMs = defaultKeepMs }: SqliteOptions, log: LogAccess, { revision, history }: OpenAnswer) {
    this.#log = log;
    this.#clock = clock;
    this.#logger = logger;
    this.hub = new WatchHub(revision, (options) => this.#history(options));
    this.#expiry = new Expiry(clock, (due) => this.#expire(due));
    this.#retention = new Retention({ clock, keepMs, compact: (before) => this.#compactInBackground(before) });
    this.#queue = new CommitQueue({
      revision,
      index: this.#index,
      commit: (rows, previous) => log.ask({ op: 'commit', rows, previous }, [rows.data]),
      wantsPrevious: () => this.hub.wantsPrevious,
      committed: (events, writes) => this.#committed(events, writes),
    });
    // There may be rows that only the past needs.
    if (history) this.#retention.superseded(revision);
  }

  get revision(): number {
    return this.#queue.revision;
  }

  open(): this {
    if (this.#closed !== undefined) throw this.#closed;
    return this;
  }

  watch(options: WatchOptions, sink: WatchSink): Running {
    // Times to live end while somebody looks.
    void this.#loaded().catch(() => undefined);
    return this.hub.watch(options, sink);
  }

  /** Resolves when the index holds every key and times to live count. */
  #loaded(): Promise<void> {
    return this.#isLoaded ? Promise.resolve() : this.#load(Promise.resolve(undefined));
  }

  /** `known`: the prefix whose keys are in the index already, when that is known. A failure is told, and the next one who asks tries again. */
  #load(known: Promise<string | undefined>): Promise<void> {
    const load = async (): Promise<void> => {
      try {
        await this.#readIndex(await known);
        this.#isLoaded = true;
      } finally {
        this.#loading = undefined;
      }
    };
    return (this.#loading ??= load());
  }

  async #readIndex(known: string | undefined): Promise<void> {
    const expiring = this.#log.ask({ op: 'expiring' });
    const end = known === undefined ? undefined : prefixEnd(known);
    if (known !== undefined) await this.#readKeys('', known);
    if (known === undefined || end !== undefined) await this.#readKeys(end ?? '', undefined);
    const { keys, numbers } = await expiring;
    for (const [at, key] of keys.entries()) {
      const written = numbers[at * 2] ?? 0;
      if (this.#index.get(key)?.modRevision === written) this.#expiry.add({ key, revision: written, at: numbers[at * 2 + 1] ?? 0 });
    }
  }

  async #readKeys(from: string, until: string | undefined): Promise<void> {
    let asked = this.#log.ask({ op: 'keys', from, until });
    for (;;) {
      const page = await asked;
      if (page.last !== undefined) asked = this.#log.ask({ op: 'keys', from: `${page.last}\0`, until });
      for (const [at, key] of page.keys.entries()) {
        this.#index.set(key, { modRevision: page.numbers[at * 2] ?? 0, createRevision: page.numbers[at * 2 + 1] ?? 0 });
      }
      if (page.last === undefined) return;
    }
  }

  async get(key: string): Promise<KeyValue | undefined> {
    const rows = await this.#log.ask({ op: 'get', key });
    return toStates(rows)[0];
  }

  /** Who reads all of a prefix first brings the index along. */
  async range(options: RangeOptions): Promise<RangeResult> {
    const { after, limit, revision, prefix } = options;
    const isWhole = after === undefined && limit === undefined && revision === undefined;
    if (!isWhole || this.#isLoaded || this.#loading !== undefined) return this.#range(options, undefined);
    const reading = this.#range(options, this.#index);
    const known = reading.then(
      () => prefix,
      () => undefined,
    );
    // Whoever needs the index is told of a failure.
    this.#load(known).catch(() => undefined);
    return reading;
  }

  async #range(
    { prefix, after, limit = Infinity, revision, uncounted = false, ahead }: RangeOptions,
    index: Map<string, Place> | undefined,
  ): Promise<RangeResult> {
    const items: KeyValue[] = [];
    let limitLeft = limit;
    let asked = this.#log.ask({ op: 'range', prefix, after, limit: limitLeft, revision, uncounted });
    for (;;) {
      const page = await asked;
      limitLeft -= page.rows.keys.length;
      // A worker reads the next piece while this one is unpacked.
      if (page.last !== undefined)
        asked = this.#log.ask({ op: 'range', prefix, after: page.last, limit: limitLeft, revision: page.revision, uncounted });
      const piece = toStates(page.rows);
      if (index !== undefined) for (const { key, modRevision, createRevision } of piece) index.set(key, { modRevision, createRevision });
      if (ahead !== undefined) ahead(piece);
      else for (const item of piece) items.push(item);
      if (page.last === undefined) return { items, revision: page.revision, remaining: page.remaining };
    }
  }

  async put(key: string, value: Buffer, { expected, ttlSeconds }: PutOptions): Promise<WriteResult> {
    checkSize(value);
    const expires = ttlSeconds === undefined ? undefined : expiresAt(this.#clock.now(), ttlSeconds);
    return this.#write(expected, key, () => this.#queue.add(key, value, expires));
  }

  async delete(key: string, expected: number): Promise<WriteResult> {
    if (expected === 0) return { done: false, current: await this.get(key) };
    return this.#write(expected, key, () => this.#queue.add(key, undefined));
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.revision) throw futureError(revision, this.revision);
    const { more } = await this.#log.ask({ op: 'compact', revision });
    if (more) await this.#clean();
  }

  /** Lets what was accepted become durable, then closes the file. */
  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = closedError();
    this.#expiry.stop();
    this.#retention.stop();
    await this.#queue.drain();
    this.hub.end(closedError());
    await this.#log.close();
  }

  /** The file cannot be worked on any more. */
  lost(error: StorageError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#expiry.stop();
    this.#retention.stop();
    this.#logger.error({ error: error.message }, 'storage was lost');
    this.hub.end(error);
  }

  /**
   * A comparison that fails against a write on its way is answered when that write is durable, for the answer shows it; when
   * that write fails, the comparison is made again.
   */
  async #write(expected: number, key: string, add: () => Write): Promise<WriteResult> {
    if (!this.#isLoaded) await this.#loaded();
    for (;;) {
      this.open();
      if ((this.#index.get(key)?.modRevision ?? 0) === expected) {
        const write = add();
        await write.done;
        return { done: true, revision: write.revision };
      }
      const pending = this.#queue.pending(key);
      if (pending === undefined) return { done: false, current: await this.get(key) };
      if (await succeeded(pending.done)) return { done: false, current: toState(pending) };
    }
  }

  #committed(events: readonly StorageEvent[], writes: readonly Write[]): void {
    let superseded = false;
    for (const { key, revision, before, expires } of writes) {
      superseded ||= before !== undefined;
      if (expires !== undefined) this.#expiry.add({ key, revision, at: expires });
    }
    if (superseded) this.#retention.superseded(this.revision);
    this.hub.deliver(events, this.revision);
  }

  #expire(due: readonly Expiring[]): void {
    for (const { key, revision } of due) {
      this.delete(key, revision).catch((error: unknown) => {
        if (this.#closed !== undefined) return;
        this.#logger.warn({ key, error: String(error) }, 'an expired key could not be deleted; will try again');
        this.#expiry.add({ key, revision, at: this.#clock.now() + 10_000 });
      });
    }
  }

  #compactInBackground(revision: number): void {
    this.compact(revision).catch((error: unknown) => {
      if (this.#closed !== undefined) return;
      this.#logger.warn({ revision, error: String(error) }, 'compaction failed; will try again');
      this.#retention.superseded(this.revision);
    });
  }

  /** Piece by piece, so that commits come in between. */
  #clean(): Promise<void> {
    const clean = async (): Promise<void> => {
      try {
        while (this.#closed === undefined && (await this.#log.ask({ op: 'clean' })).more);
      } finally {
        this.#cleaning = undefined;
      }
    };
    return (this.#cleaning ??= clean());
  }

  readonly #history: History = async ({ prefix, after, previous }) => {
    const { rows, revision } = await this.#log.ask({ op: 'history', prefix, after, previous });
    return { events: toEvents(rows), revision };
  };
}

async function succeeded(done: Promise<void>): Promise<boolean> {
  return done.then(
    () => true,
    () => false,
  );
}

function toState({ key, value, revision, createRevision }: Write): KeyValue | undefined {
  return value === undefined ? undefined : { key, value, createRevision, modRevision: revision };
}

function toStates({ keys, numbers, data }: Rows): KeyValue[] {
  const values = new Unpacker(data);
  return keys.map((key, at) => {
    const row = at * stateWidth;
    return { key, value: values.next(numbers[row + 2] ?? 0), createRevision: numbers[row + 1] ?? 0, modRevision: numbers[row] ?? 0 };
  });
}

function toEvents({ keys, numbers, data }: Rows): StorageEvent[] {
  const values = new Unpacker(data);
  return keys.map((key, at) => {
    const row = at * eventWidth;
    const value = values.next(numbers[row + 3] ?? 0);
    const before = numbers[row + 4] ?? -1;
    const previous = before < 0 ? undefined : values.next(before);
    return {
      type: numbers[row + 2] === 1 ? 'delete' : 'put',
      key,
      value,
      previous,
      createRevision: numbers[row + 1] ?? 0,
      modRevision: numbers[row] ?? 0,
    };
  });
}

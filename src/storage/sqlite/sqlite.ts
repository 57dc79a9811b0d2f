/** The default store: one SQLite file, written by a worker thread, with the keys (not the values) indexed on the main thread. */
import type { Clock } from '../../base/clock.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { Expiry, expiresAt, type Expiring } from '../expiry.ts';
import { defaultKeepMs, Retention } from '../retention.ts';
import { checkSize, closedError, futureError } from '../storage-errors.ts';
import type { KeyValue, PutOptions, RangeOptions, RangeResult, Storage, StorageError, StorageEvent, WriteResult } from '../storage.ts';
import { asStorageError, WatchHub, type History } from '../watch-hub.ts';
import { CommitQueue, type Place, type Write } from './commit-queue.ts';
import { Unpacker } from './packing.ts';
import { eventWidth, stateWidth, type OpenAnswer, type Rows } from './protocol.ts';
import { WorkerClient } from './worker-client.ts';

export interface SqliteOptions {
  /** Made when missing; its folder must exist. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The worker's script; default: worker.ts beside this file, or storage-worker.js beside the bundle. */
  readonly workerUrl?: URL;
  /** How long history is kept at least, in ms. Default five minutes. */
  readonly keepMs?: number;
  /** The file may not grow beyond this; writes then fail with `full`. */
  readonly maxBytes?: number;
}

/** Rejects with `locked`, `corrupt`, `full` or `unavailable`. */
export async function openSqlite(options: SqliteOptions): Promise<Storage> {
  let store: SqliteStore | undefined;
  const worker = new WorkerClient(
    { file: options.file, maxBytes: options.maxBytes ?? 0 },
    (error) => store?.lost(error),
    options.workerUrl,
  );
  try {
    const opened = await worker.opened;
    store = new SqliteStore(options, worker, opened);
    await store.load(opened);
  } catch (error) {
    await worker.terminate();
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
    watch: (options, sink) => store.open().hub.watch(options, sink),
    compact: async (revision) => store.open().compact(revision),
    stop: () => life.stop(),
    [Symbol.asyncDispose]: () => life.stop(),
  };
}

class SqliteStore {
  readonly hub: WatchHub;
  readonly #index = new Map<string, Place>();
  readonly #worker: WorkerClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue: CommitQueue;
  readonly #expiry: Expiry;
  readonly #retention: Retention;
  #cleaning: Promise<void> | undefined;
  #closed: StorageError | undefined;

  constructor({ clock, logger, keepMs = defaultKeepMs }: SqliteOptions, worker: WorkerClient, { revision }: OpenAnswer) {
    this.#worker = worker;
    this.#clock = clock;
    this.#logger = logger;
    this.hub = new WatchHub(revision, (options) => this.#history(options));
    this.#expiry = new Expiry(clock, (due) => this.#expire(due));
    this.#retention = new Retention({ clock, keepMs, compact: (before) => this.#compactInBackground(before) });
    this.#queue = new CommitQueue({
      revision,
      index: this.#index,
      commit: (rows, previous) => worker.ask({ op: 'commit', rows, previous }, [rows.data]),
      wantsPrevious: () => this.hub.wantsPrevious,
      committed: (events, writes) => this.#committed(events, writes),
    });
  }

  get revision(): number {
    return this.#queue.revision;
  }

  open(): this {
    if (this.#closed !== undefined) throw this.#closed;
    return this;
  }

  /** Reads the keys, the times to live and whether there is history to compact. */
  async load({ history, revision }: OpenAnswer): Promise<void> {
    let asked = this.#worker.ask({ op: 'keys', after: undefined });
    let last: string | undefined;
    do {
      const page = await asked;
      last = page.last;
      if (last !== undefined) asked = this.#worker.ask({ op: 'keys', after: last });
      for (const [at, key] of page.keys.entries()) {
        this.#index.set(key, { modRevision: page.numbers[at * 2] ?? 0, createRevision: page.numbers[at * 2 + 1] ?? 0 });
      }
    } while (last !== undefined);
    const { keys, numbers } = await this.#worker.ask({ op: 'expiring' });
    for (const [at, key] of keys.entries()) {
      const written = numbers[at * 2] ?? 0;
      if (this.#index.get(key)?.modRevision === written) this.#expiry.add({ key, revision: written, at: numbers[at * 2 + 1] ?? 0 });
    }
    if (history) this.#retention.superseded(revision);
  }

  async get(key: string): Promise<KeyValue | undefined> {
    const rows = await this.#worker.ask({ op: 'get', key });
    return toStates(rows)[0];
  }

  async range({ prefix, after, limit = Infinity, revision, uncounted = false, ahead }: RangeOptions): Promise<RangeResult> {
    const items: KeyValue[] = [];
    let limitLeft = limit;
    let asked = this.#worker.ask({ op: 'range', prefix, after, limit: limitLeft, revision, uncounted });
    for (;;) {
      const page = await asked;
      limitLeft -= page.rows.keys.length;
      // The worker reads the next piece while this one is unpacked.
      if (page.last !== undefined)
        asked = this.#worker.ask({ op: 'range', prefix, after: page.last, limit: limitLeft, revision: page.revision, uncounted });
      const piece = toStates(page.rows);
      for (const item of piece) items.push(item);
      ahead?.(piece);
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
    const { more } = await this.#worker.ask({ op: 'compact', revision });
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
    await this.#worker.close();
  }

  /** The worker thread has gone. */
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
    for (;;) {
      if ((this.#index.get(key)?.modRevision ?? 0) === expected) {
        const write = add();
        await write.done;
        return { done: true, revision: write.revision };
      }
      const pending = this.#queue.pending(key);
      if (pending === undefined) return { done: false, current: await this.get(key) };
      if (await succeeded(pending.done)) return { done: false, current: toState(pending) };
      this.open();
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
        while (this.#closed === undefined && (await this.#worker.ask({ op: 'clean' })).more);
      } finally {
        this.#cleaning = undefined;
      }
    };
    return (this.#cleaning ??= clean());
  }

  readonly #history: History = async ({ prefix, after, previous }) => {
    const { rows, revision } = await this.#worker.ask({ op: 'history', prefix, after, previous });
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

/**
 * A cache of one resource kept fresh by list and watch, as client-go's reflector and shared informer do it
 * (tools/cache/reflector.go). States: listing -> watching -> (watch ended) watching again from the last version ->
 * (410, or the watch cannot be opened) listing. Failures wait for a jittered backoff; nothing runs while nothing changes.
 */
import { isReason } from '../api/errors.ts';
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client, ResourceRef, ReadOptions, WatchEvent } from './client.ts';
import type { Cached, Indexer, Store } from './informer-store.ts';
import { IndexedStore, keyOf } from './informer-store.ts';

/** Called after the store has changed, synchronously and in the order of events. What a handler throws is logged. */
export interface Handler<T> {
  /** A new object; `initial` while the first list is delivered (and for what is there when the handler is added). */
  add?(object: T, initial: boolean): void;
  update?(old: T, object: T): void;
  /** The last known state. */
  delete?(object: T): void;
}

export interface Informer<T> extends Running {
  readonly ref: ResourceRef<T>;
  readonly store: Store<T>;
  /** Resolves when the first list is in the store and was handled; also when the informer is stopped before that. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** The newest resourceVersion the store has seen: whatever was written at or before it is reflected. 0 before the first list. */
  readonly revision: number;
  /** Replays what is there as adds, then follows. Stopping the result removes the handler. */
  handle(handler: Handler<T>): Running;
  /** Gives the store an index; may be called at any time, and again with the same name. */
  addIndexer(name: string, indexer: Indexer<T>): void;
}

export interface InformerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the jitter of backoffs. Default Math.random. */
  readonly random?: () => number;
}

/** Starts list and watch at once. */
export function startInformer<T extends Cached>(ref: ResourceRef<T>, options: InformerOptions, select: ReadOptions = {}): Informer<T> {
  const informer = new ListWatch(ref, options, select);
  informer.start();
  return informer;
}

/** Ends of a watch: go on from the last version, list again, or wait and then go on. */
type Outcome = 'resume' | 'relist' | 'failed';

class ListWatch<T extends Cached> implements Informer<T> {
  readonly ref: ResourceRef<T>;
  readonly store = new IndexedStore<T>();
  readonly synced: Promise<void>;
  hasSynced = false;
  revision = 0;
  readonly #options: InformerOptions;
  readonly #select: ReadOptions;
  readonly #handlers = new Set<Handler<T>>();
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  #markSynced: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();
  #endWatch: ((outcome: Outcome) => void) | undefined;

  constructor(ref: ResourceRef<T>, options: InformerOptions, select: ReadOptions) {
    this.ref = ref;
    this.#options = options;
    this.#select = select;
    this.#backoff = new Backoff({
      initialMs: 800,
      maxMs: 30_000,
      factor: 2,
      jitter: 1,
      resetMs: 120_000,
      clock: options.clock,
      random: options.random,
    });
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#endWatch?.('resume');
    this.#markSynced();
    await this.#loop;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  handle(handler: Handler<T>): Running {
    // Until the first list is in, nothing is replayed: its adds come through the list itself.
    if (handler.add !== undefined) for (const object of this.store.values()) this.#call(() => handler.add?.(object, true));
    this.#handlers.add(handler);
    return running(() => void this.#handlers.delete(handler));
  }

  addIndexer(name: string, indexer: Indexer<T>): void {
    this.store.addIndexer(name, indexer);
  }

  async #run(): Promise<void> {
    let state: 'listing' | 'watching' = 'listing';
    while (!this.#stopped) {
      try {
        if (state === 'listing') {
          await this.#list();
          state = 'watching';
          continue;
        }
        const outcome = await this.#watch();
        if (outcome === 'relist') state = 'listing';
        if (outcome === 'failed') await this.#wait();
      } catch (error) {
        if (this.#stopped) return;
        const gone = isReason(error, 'Expired') || isReason(error, 'Gone');
        this.#options.logger.debug({ err: error, resource: this.ref.resource, state }, 'informer starts over');
        if (state === 'watching' && gone) state = 'listing';
        else await this.#wait();
      }
    }
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #wait(): Promise<void> {
    await delay(this.#options.clock, this.#backoff.next(), this.#abort.signal);
  }

  async #list(): Promise<void> {
    const list = await this.#options.client.resource(this.ref).list({ ...this.#select, resourceVersion: this.revision === 0 ? '0' : '' });
    if (this.#stopped) return;
    this.#replace(list.items);
    this.#seen(list.resourceVersion);
    if (this.hasSynced) return;
    this.hasSynced = true;
    this.#markSynced();
  }

  async #watch(): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const opened = this.#options.clock.monotonic();
    const before = this.revision;
    this.#endWatch = resolve;
    const watch = await this.#options.client.resource(this.ref).watch(
      { ...this.#select, resourceVersion: String(this.revision) },
      {
        event: (event) => {
          if (!this.#stopped) this.#apply(event);
        },
        end: (error) => {
          if (error !== undefined) this.#options.logger.debug({ err: error, resource: this.ref.resource }, 'watch ended');
          if (isReason(error, 'Expired') || isReason(error, 'Gone')) resolve('relist');
          else if (error !== undefined) resolve('failed');
          // A watch that closes at once and brings nothing must not be reopened in a tight loop.
          else resolve(this.revision === before && this.#options.clock.monotonic() - opened < 1000 ? 'failed' : 'resume');
        },
      },
    );
    try {
      return this.#stopped ? 'resume' : await promise;
    } finally {
      this.#endWatch = undefined;
      await watch.stop();
    }
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      this.#seen(event.resourceVersion);
      return;
    }
    const object = event.object;
    const key = keyOf(object);
    this.#seen(object.metadata.resourceVersion);
    if (event.type === 'DELETED') {
      const old = this.store.delete(key);
      if (old !== undefined) this.#notify((handler) => handler.delete?.(object));
      return;
    }
    const old = this.store.set(key, object);
    if (old === undefined) this.#notify((handler) => handler.add?.(object, false));
    else this.#notify((handler) => handler.update?.(old, object));
  }

  #replace(items: readonly T[]): void {
    if (this.store.size === 0) return this.#fill(items);
    const initial = !this.hasSynced;
    const gone = new Set(this.store.keys());
    const changed: { old: T | undefined; object: T }[] = [];
    for (const object of items) {
      const key = keyOf(object);
      gone.delete(key);
      const old = this.store.set(key, object);
      if (old?.metadata.resourceVersion !== object.metadata.resourceVersion) changed.push({ old, object });
    }
    for (const key of gone) {
      const old = this.store.delete(key);
      if (old !== undefined) this.#notify((handler) => handler.delete?.(old));
    }
    for (const { old, object } of changed) {
      if (old === undefined) this.#notify((handler) => handler.add?.(object, initial));
      else if (old.metadata.uid === object.metadata.uid) this.#notify((handler) => handler.update?.(old, object));
      else {
        this.#notify((handler) => handler.delete?.(old));
        this.#notify((handler) => handler.add?.(object, false));
      }
    }
  }

  /** As {@link #replace} with nothing there before: a big cluster is read in once, and nothing need be compared. */
  #fill(items: readonly T[]): void {
    const initial = !this.hasSynced;
    for (const object of items) this.store.set(keyOf(object), object);
    for (const object of items) this.#notify((handler) => handler.add?.(object, initial));
  }

  #seen(resourceVersion: string): void {
    const revision = Number(resourceVersion);
    if (revision > this.revision) this.revision = revision;
  }

  #notify(call: (handler: Handler<T>) => void): void {
    for (const handler of this.#handlers) this.#call(() => call(handler));
  }

  #call(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#options.logger.error({ err: error, resource: this.ref.resource }, 'informer handler failed');
    }
  }
}

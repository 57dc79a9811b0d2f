/**
 * The watch cache: one watch of the whole store feeds an ordered index and a window of recent events for each resource.
 * GET, LIST and WATCH are answered from it with upstream's consistency (apiserver pkg/storage/cacher).
 */
import { ApiError } from '../../api/errors.ts';
import { delay, type Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { KeyValue, Storage, StorageError, StorageEvent } from '../../storage/storage.ts';
import type { Entry, EventSink, ListRequest, ListResult, WatchRequest } from '../store.ts';
import type { Change } from './change.ts';
import type { CachedEntry } from './entry.ts';
import { storagePrefix, storageRoot, type KeyedResource } from './keys.ts';
import { CachedResource, type Host } from './resource-cache.ts';
import { StoredConversions } from './stored-form.ts';
import { tooLargeVersion } from './versions.ts';

export type { KeyedResource } from './keys.ts';
export { rememberObject } from './entry.ts';

export interface WatchCacheOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Objects that are stored in another version or group than this server writes. Default: there are none. */
  readonly conversions?: StoredConversions;
  /** Resources that are known from the start. */
  readonly resources?: readonly KeyedResource[];
  /** Those of them whose objects are wanted at once: they are parsed while the rest is still being read. */
  readonly parsed?: readonly KeyedResource[];
}

/** The cache of one resource (of one storage prefix: definitions that share storage share it). */
export interface CacheCounts {
  readonly changes: number;
  readonly loaded: number;
  readonly loads: number;
}

export interface ResourceCache {
  /** Where its keys begin, with a slash at the end. */
  readonly prefix: string;
  /** How its stored values are read. */
  readonly conversions: StoredConversions;
  /** `namespace` is '' for cluster-scoped resources. */
  keyOf(namespace: string, name: string): string;
  /** The newest state the cache has seen; with embedded storage that is every write acknowledged so far. */
  get(namespace: string, name: string): Entry | undefined;
  /** All of a namespace ('' : all), likewise; the same array while nothing changes. */
  entriesOf(namespace: string): readonly Entry[];
  /** Number of objects. */
  readonly size: number;
  /** What they take up in the store. */
  readonly bytes: number;
  /** Number of watches. */
  readonly watches: number;
  /** Since the start: changes, entries of states taken in, how many such states. */
  readonly counts: CacheCounts;
  /** ApiErrors: 410 Expired, 504 Timeout (`Too large resource version`), 400 for bad continue tokens and versions. */
  list(request: ListRequest): Promise<ListResult>;
  /**
   * Rejects with an ApiError when the start is refused. Initial events are handed to the sink before this resolves; later ones
   * during the commit that makes them. A sink that throws is ended.
   */
  watch(request: WatchRequest, sink: EventSink): Promise<Running>;
}

export interface WatchCache extends Running {
  /** The newest revision the cache has seen. */
  readonly revision: number;
  /** The cache of a resource; the same object for definitions that share their storage. */
  resource(resource: KeyedResource): ResourceCache;
  /** Resolves when the cache has seen this revision; after 3 s it rejects as upstream does (504 Timeout). */
  waitFor(revision: number): Promise<void>;
  /** For reads that must see every write acknowledged before: learns the store's revision and waits for it. Resolves with it. */
  waitForNewest(): Promise<number>;
}

/** Loads everything under /registry/ and follows it. */
export async function startWatchCache(options: WatchCacheOptions): Promise<WatchCache> {
  const cache = new StoreCache(options);
  await cache.load();
  return cache;
}

/** How long a read waits for a revision, and how often watches get bookmarks, in ms (upstream's blockTimeout and bookmark period). */
const blockMs = 3000;
const bookmarkMs = 60_000;
/** Between attempts to load a store that does not answer, in ms. */
const reloadMs = 1000;

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/** What a store was read to hold. */
interface State {
  readonly entries: Map<CachedResource, CachedEntry[]>;
  /** What no resource has claimed. */
  readonly unclaimed: KeyValue[];
}

class StoreCache implements WatchCache, Host {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly conversions: StoredConversions;
  readonly #logger: Logger;
  readonly #resources = new Map<string, CachedResource>();
  /** What no resource has claimed yet, by the first part of the key. */
  readonly #unclaimed = new Map<string, Map<string, KeyValue>>();
  readonly #waiters = new Set<Waiter>();
  /** Whose objects are parsed as they are read. */
  readonly #parsed: ReadonlySet<CachedResource>;
  #revision = 0;
  #following: Running | undefined;
  #cancelBookmarks: (() => void) | undefined;
  #failure: ApiError | undefined;

  constructor({ storage, clock, logger, conversions = new StoredConversions(), resources = [], parsed = [] }: WatchCacheOptions) {
    this.conversions = conversions;
    this.storage = storage;
    this.clock = clock;
    this.#logger = logger;
    for (const resource of resources) this.#serve(storagePrefix(resource));
    this.#parsed = new Set(parsed.map((resource) => this.#serve(storagePrefix(resource))));
  }

  get revision(): number {
    return this.#revision;
  }

  async load(): Promise<void> {
    const { state, revision } = await this.#read();
    this.#replace(state, revision);
    this.#follow(revision);
  }

  resource(resource: KeyedResource): ResourceCache {
    return this.#serve(storagePrefix(resource));
  }

  #serve(prefix: string): CachedResource {
    const known = this.#resources.get(prefix);
    if (known !== undefined) return known;
    const cache = new CachedResource(prefix, this);
    this.#resources.set(prefix, cache);
    const bucket = this.#bucketOf(prefix);
    const own = [...bucket.values()].filter(({ key }) => key.startsWith(prefix));
    for (const { key } of own) bucket.delete(key);
    cache.load(own.map(({ key, value, modRevision }) => cache.entry(key, value, modRevision)));
    return cache;
  }

  waitFor(revision: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(blockMs, () => {
        this.#waiters.delete(waiter);
        reject(tooLargeVersion(revision, this.#revision));
      });
      const waiter = { revision, resolve: () => (cancel(), resolve()) };
      this.#waiters.add(waiter);
    });
  }

  async waitForNewest(): Promise<number> {
    const newest = await this.storage.revision();
    if (newest > this.#revision) await this.waitFor(newest);
    return newest;
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  bookmarksWanted(): void {
    this.#armBookmarks();
  }

  async stop(): Promise<void> {
    this.#failure ??= new ApiError('ServiceUnavailable', 'the server is shutting down');
    this.#cancelBookmarks?.();
    await this.#following?.stop();
    for (const cache of this.#resources.values()) cache.stop(this.#failure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** First every index is brought up to date, then watches are told: whoever is told finds the commit everywhere. */
  #take(events: readonly StorageEvent[]): void {
    const changes = new Map<CachedResource, Change[]>();
    for (const event of events) {
      const cache = this.#routeOf(event.key);
      if (cache === undefined) this.#keepUnclaimed(event);
      const change = cache?.apply(event.key, event.type === 'put' ? event.value : undefined, event.modRevision);
      if (cache === undefined || change === undefined) continue;
      const list = changes.get(cache);
      if (list === undefined) changes.set(cache, [change]);
      else list.push(change);
    }
    this.#advance(events.at(-1)?.modRevision ?? 0);
    for (const [cache, list] of changes) cache.watchers.dispatch(list);
  }

  #advance(revision: number, always = false): void {
    if (revision <= this.#revision && !always) return;
    this.#revision = revision;
    for (const waiter of this.#waiters) {
      if (waiter.revision > revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    this.#armBookmarks();
  }

  /** One timer, and only while somebody wants bookmarks and there was a write since the last ones. */
  #armBookmarks(): void {
    if (this.#cancelBookmarks !== undefined || this.#failure !== undefined) return;
    if (!this.#bookmarksWanted()) return;
    this.#cancelBookmarks = this.clock.after(bookmarkMs, () => {
      this.#cancelBookmarks = undefined;
      for (const cache of this.#resources.values()) cache.watchers.bookmark(this.#revision);
    });
  }

  #bookmarksWanted(): boolean {
    for (const cache of this.#resources.values()) if (cache.watchers.bookmarked > 0) return true;
    return false;
  }

  #routeOf(key: string): CachedResource | undefined {
    const first = key.indexOf('/', storageRoot.length) + 1;
    const cache = this.#resources.get(key.slice(0, first));
    return cache ?? this.#resources.get(key.slice(0, key.indexOf('/', first) + 1));
  }

  #bucketOf(key: string): Map<string, KeyValue> {
    const first = key.slice(storageRoot.length, key.indexOf('/', storageRoot.length));
    let bucket = this.#unclaimed.get(first);
    if (bucket === undefined) {
      bucket = new Map<string, KeyValue>();
      this.#unclaimed.set(first, bucket);
    }
    return bucket;
  }

  #keepUnclaimed({ type, key, value, createRevision, modRevision }: StorageEvent): void {
    if (type === 'put') this.#bucketOf(key).set(key, { key, value, createRevision, modRevision });
    else this.#bucketOf(key).delete(key);
  }

  #follow(after: number): void {
    this.#following = this.storage.watch(
      { prefix: storageRoot, after },
      { events: (events) => this.#take(events), progress: (at) => this.#advance(at), end: (error) => this.#lost(error) },
    );
  }

  /** The watch is over: when the store is still there, everything is loaded again. */
  #lost(error: StorageError): void {
    if (this.#failure !== undefined) return;
    if (error.code === 'closed') return this.#fail(error);
    this.#logger.warn({ error: error.message, after: this.#revision }, 'the watch cache lost its place in the store and loads again');
    void this.#reload();
  }

  async #reload(): Promise<void> {
    while (this.#failure === undefined) {
      try {
        const { state, revision } = await this.#read();
        if (this.#isStopped()) return;
        this.#replace(state, revision);
        this.#follow(revision);
        return;
      } catch (error) {
        if (this.storage.shared !== true) return this.#fail(error);
        this.#logger.warn({ error: String(error) }, 'the store could not be loaded; will try again');
        await delay(this.clock, reloadMs);
      }
    }
  }

  #isStopped(): boolean {
    return this.#failure !== undefined;
  }

  /** All there is, sorted and where wanted parsed while the store reads on. */
  async #read(): Promise<{ readonly state: State; readonly revision: number }> {
    const state: State = { entries: new Map(), unclaimed: [] };
    const take = (items: readonly KeyValue[]): void => {
      for (const item of items) this.#sort(item, state);
    };
    const { items, revision } = await this.storage.range({ prefix: storageRoot, ahead: take });
    take(items);
    return { state, revision };
  }

  #sort(item: KeyValue, { entries, unclaimed }: State): void {
    const { key, value, modRevision } = item;
    const cache = this.#routeOf(key);
    if (cache === undefined) return void unclaimed.push(item);
    const entry = cache.known(key, modRevision) ?? cache.entry(key, value, modRevision);
    if (this.#parsed.has(cache)) entry.parse();
    const list = entries.get(cache);
    if (list === undefined) entries.set(cache, [entry]);
    else list.push(entry);
  }

  #replace(state: State, revision: number): void {
    this.#unclaimed.clear();
    // Resources may have been claimed while the store was read.
    const unclaimed = state.unclaimed.splice(0);
    for (const item of unclaimed) this.#sort(item, state);
    for (const item of state.unclaimed) this.#bucketOf(item.key).set(item.key, item);
    // A store that was restored may be at an earlier revision.
    this.#revision = revision;
    for (const cache of this.#resources.values()) cache.reload(state.entries.get(cache) ?? [], revision);
    this.#advance(revision, true);
  }

  #fail(error: unknown): void {
    this.#logger.error({ error: String(error) }, 'the watch cache lost its store');
    this.#failure = new ApiError('ServiceUnavailable', 'the store cannot be followed any more', { cause: error });
    for (const cache of this.#resources.values()) cache.stop(this.#failure);
  }
}

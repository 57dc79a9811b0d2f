/** The read side of an informer's cache: objects by `namespace/name` and by index. All objects are the cache's own, frozen. */
import type { KubeObject } from '../api/object.ts';

/** The least an informer needs to know of a kind. */
export interface Cached {
  readonly metadata: KubeObject['metadata'];
}

/** Under which values an object is found; several, one or none. */
export type Indexer<T> = (object: T) => readonly string[];

export interface Store<T> {
  readonly size: number;
  /** By key: `namespace/name`, or `name` for cluster-scoped kinds. */
  get(key: string): T | undefined;
  /** Every object, in no promised order. */
  values(): Iterable<T>;
  /** The objects an indexer filed under `value`; the iterable is live: copy it before changing the store's contents. */
  byIndex(index: string, value: string): Iterable<T>;
}

/** `namespace/name`, or `name` without a namespace. */
export function keyOf(object: { readonly metadata: { readonly name?: string; readonly namespace?: string } }): string {
  return joinKey(object.metadata.namespace ?? '', object.metadata.name ?? '');
}

export function joinKey(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The inverse of {@link joinKey}. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

interface Index<T> {
  readonly indexer: Indexer<T>;
  readonly entries: Map<string, Map<string, T>>;
}

const nothing: readonly never[] = [];

/** The store with its write side, which only the informer uses. */
export class IndexedStore<T extends Cached> implements Store<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): Iterable<T> {
    return this.#objects.values();
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  byIndex(index: string, value: string): Iterable<T> {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`no index ${index}`);
    return found.entries.get(value)?.values() ?? nothing;
  }

  /** Adds an index over what is there and what comes; a second one of the same name is the first. */
  addIndexer(name: string, indexer: Indexer<T>): void {
    if (this.#indexes.has(name)) return;
    const index: Index<T> = { indexer, entries: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) file(index, key, object);
  }

  set(key: string, object: T): T | undefined {
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) {
      if (old !== undefined) unfile(index, key, old);
      file(index, key, object);
    }
    return old;
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) unfile(index, key, old);
    return old;
  }
}

function file<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.indexer(object)) {
    const entry = index.entries.get(value);
    if (entry === undefined) index.entries.set(value, new Map([[key, object]]));
    else entry.set(key, object);
  }
}

function unfile<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.indexer(object)) {
    const entry = index.entries.get(value);
    entry?.delete(key);
    if (entry?.size === 0) index.entries.delete(value);
  }
}

/** Ready-made indexers; the names are what {@link Store.byIndex} takes. */
export const indexers = {
  namespace: (object: Cached): readonly string[] => [object.metadata.namespace ?? ''],
  /** Uid of the controlling owner. */
  controllerUid: (object: Cached): readonly string[] => {
    const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
    return owner === undefined ? nothing : [owner.uid];
  },
  /** Uids of all owners. */
  ownerUid: (object: Cached): readonly string[] => object.metadata.ownerReferences?.map((reference) => reference.uid) ?? nothing,
  /** Pods by spec.nodeName; pods without one are under ''. */
  nodeName: (object: { readonly spec: { readonly nodeName?: string } }): readonly string[] => [object.spec.nodeName ?? ''],
  /** By the values of one label, each as `namespace/value`. */
  label:
    (name: string) =>
    (object: Cached): readonly string[] => {
      const value = object.metadata.labels?.[name];
      return value === undefined ? nothing : [joinKey(object.metadata.namespace ?? '', value)];
    },
} as const;

/** Objects to bytes and into the store, by compare-and-swap. */
import type { KubeObject } from '../api/object.ts';
import { complete } from '../api/schema/complete.ts';
import { emptyListsToNull } from '../api/schema/empty-lists.ts';
import { schemaFor } from '../api/schema/facts.ts';
import { rememberObject } from './cache/cache.ts';
import { CachedEntry } from './cache/entry.ts';
import { encodeStored, storedTypeOf } from './cache/stored-form.ts';
import type { ResourceDefinition } from './definition.ts';
import type { Resource } from './engine.ts';
import { MadeEntry } from './made-entry.ts';
import type { StoreOperation } from './measures.ts';
import { apiErrorOf } from './storage-errors.ts';
import type { Entry } from './store.ts';

export interface PutRequest {
  readonly namespace: string;
  readonly name: string;
  /** As served and complete; given away. */
  readonly object: KubeObject;
  /** The revision it replaces; 0: it must not exist. */
  readonly expected: number;
  readonly dryRun: boolean;
  /** What a dry run of a creation answers with; 0: none. */
  readonly version?: number;
  /** See RequestContext. */
  readonly mayRepeat?: (() => boolean) | undefined;
}

/** Adds what Go's encoder always writes to an object of a built-in kind: before states are compared, and before one is stored. */
export function completeObject(definition: ResourceDefinition, object: KubeObject): void {
  const schema = schemaFor(definition.schema);
  if (schema !== undefined) complete(object, schema);
}

/** What storing does to an object of a built-in kind; before it is compared with what is there. */
export function likeStored(definition: ResourceDefinition, object: KubeObject): void {
  const schema = schemaFor(definition.schema);
  if (schema !== undefined) emptyListsToNull(object, schema);
}

/** The new state as served, or undefined: the store is no longer at the expected revision. */
export async function put(resource: Resource, request: PutRequest): Promise<Entry | undefined> {
  const { engine, definition, view, cache } = resource;
  const { namespace, name, expected, mayRepeat } = request;
  if (request.dryRun) return new MadeEntry(request, request.version ?? expected, request.object);
  const { ttlSeconds } = definition;
  const stored = storedForm(view.toStored(request.object));
  const value = encodeStored(storedTypeOf(definition), stored);
  rememberObject(value, stored);
  const key = cache.keyOf(namespace, name);
  const result = await attempt(resource, expected === 0 ? 'create' : 'update', () =>
    engine.storage.put(key, value, ttlSeconds === undefined ? { expected, mayRepeat } : { expected, ttlSeconds, mayRepeat }),
  );
  if (!result.done) return undefined;
  const known = cache.get(namespace, name);
  if (known?.revision === result.revision) return view.served(known);
  return view.served(
    new CachedEntry(key, request, { value, revision: result.revision, source: { object: stored }, conversions: cache.conversions }),
  );
}

/** The last state with the revision of its deletion; undefined: the store is no longer at the expected revision. */
export async function remove(resource: Resource, entry: Entry, dryRun: boolean): Promise<Entry | undefined> {
  if (dryRun) return entry;
  const { engine, cache } = resource;
  const key = cache.keyOf(entry.namespace, entry.name);
  const result = await attempt(resource, 'delete', () => engine.storage.delete(key, entry.revision));
  return result.done ? new MadeEntry(entry, result.revision, entry.object) : undefined;
}

/** As it is kept inside: metadata first, nothing that the key, the revision or the path already say. */
function storedForm(object: KubeObject): KubeObject {
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...fields } = object;
  const { resourceVersion: _resourceVersion, ...meta } = metadata;
  return { metadata: meta as KubeObject['metadata'], ...fields };
}

async function attempt<T>({ engine, definition }: Resource, operation: StoreOperation, call: () => Promise<T>): Promise<T> {
  try {
    return await engine.measures.request(definition, operation, call);
  } catch (error) {
    throw apiErrorOf(error, definition);
  }
}

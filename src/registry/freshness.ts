/** Stores that other servers write to: what the cache has been told may be behind. */
import { ApiError, type Reason } from '../api/errors.ts';
import type { Resource } from './engine.ts';

/** Refusals that may rest on a state that was not the newest. */
const stale: ReadonlySet<Reason> = new Set<Reason>(['NotFound', 'Forbidden', 'Conflict']);

/**
 * Makes the attempt; when it is refused by what the cache knows, and others have written since, it is made again with the newest
 * state (apiserver pkg/storage/etcd3/store.go, GuaranteedUpdate, does so with its cached object).
 */
export async function freshly<T>({ engine }: Resource, attempt: () => Promise<T>): Promise<T> {
  const before = engine.cache.revision;
  try {
    return await attempt();
  } catch (error) {
    if (engine.storage.shared !== true || !(error instanceof ApiError) || !stale.has(error.reason)) throw error;
    if ((await engine.cache.waitForNewest()) <= before) throw error;
  }
  return attempt();
}

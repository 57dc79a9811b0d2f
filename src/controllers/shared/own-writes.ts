/**
 * Keeps a controller from acting on a cache that does not show its own writes yet (upstream: expectations and the
 * consistency store). What was created is known by resource version: the cache has caught up when its informer has seen
 * that version. What was deleted is known by uid: the cache has caught up when the object is gone or terminating.
 * Every event that brings the cache on also wakes the controller, so nothing has to time out.
 */
import type { Informer } from '../../client/informer.ts';
import type { Cached } from '../../client/informer-store.ts';
import { keyOf } from '../../client/informer-store.ts';

interface Pending {
  created: number;
  readonly deleting: Map<string, string>;
}

export class OwnWrites<T extends Cached> {
  readonly #informer: Informer<T>;
  readonly #pending = new Map<string, Pending>();

  constructor(informer: Informer<T>) {
    this.#informer = informer;
  }

  /** `owner` is the uid of whose dependents these are. */
  created(owner: string, object: T): void {
    const pending = this.#of(owner);
    pending.created = Math.max(pending.created, Number(object.metadata.resourceVersion));
  }

  /** Call before the delete goes out, and {@link notDeleted} when it failed. */
  deleting(owner: string, object: T): void {
    this.#of(owner).deleting.set(object.metadata.uid, keyOf(object));
  }

  notDeleted(owner: string, object: T): void {
    this.#pending.get(owner)?.deleting.delete(object.metadata.uid);
  }

  /** Whether the cache shows all of the owner's writes. */
  areSeen(owner: string): boolean {
    const pending = this.#pending.get(owner);
    if (pending === undefined) return true;
    if (this.#informer.revision < pending.created) return false;
    for (const [uid, key] of pending.deleting) {
      const object = this.#informer.store.get(key);
      if (object?.metadata.uid === uid && object.metadata.deletionTimestamp === undefined) return false;
      pending.deleting.delete(uid);
    }
    this.#pending.delete(owner);
    return true;
  }

  forget(owner: string): void {
    this.#pending.delete(owner);
  }

  #of(owner: string): Pending {
    let pending = this.#pending.get(owner);
    if (pending === undefined) this.#pending.set(owner, (pending = { created: 0, deleting: new Map() }));
    return pending;
  }
}

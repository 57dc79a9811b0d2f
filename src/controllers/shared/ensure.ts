/** Objects that every living namespace must have. */
import { isReason } from '../../api/errors.ts';
import type { New } from '../../api/object.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { ResourceRef } from '../../client/client.ts';
import type { Cached } from '../../client/informer-store.ts';
import { joinKey } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { ControllerContext } from './controller.ts';
import { isNamespaceTerminating } from './pod-control.ts';

export interface EnsureOptions<T> {
  readonly controller: string;
  readonly ref: ResourceRef<T>;
  readonly name: string;
  readonly make: (namespace: string) => New<T>;
  /** The object as it must be, when it is not; undefined when it is. */
  readonly repair: (object: T) => T | undefined;
}

/** Creates the object in each namespace, again when it was deleted, and repairs it when it was changed. */
export function ensureInNamespaces<T extends Cached>(
  options: EnsureOptions<T>,
  { client, informers, clock, logger, queues }: ControllerContext,
): Running {
  const lifecycle = new Lifecycle();
  const namespaces = informers.of(refs.namespaces);
  const objects = informers.of(options.ref, { fieldSelector: `metadata.name=${options.name}` });
  const api = client.resource(options.ref);

  async function reconcile(name: string): Promise<undefined> {
    const namespace = namespaces.store.get(name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined || namespace.status.phase === 'Terminating') return;
    const current = objects.store.get(joinKey(name, options.name));
    try {
      if (current === undefined) await api.create(name, options.make(name));
      else {
        const repaired = options.repair(current);
        if (repaired !== undefined) await api.update(repaired);
      }
    } catch (error) {
      if (isReason(error, 'AlreadyExists') || isReason(error, 'NotFound') || isNamespaceTerminating(error)) return;
      throw error;
    }
  }

  const ready = Promise.all([namespaces.synced, objects.synced]);
  const loop = lifecycle.add(startReconciler({ name: options.controller, clock, logger, queues, ready, reconcile }));
  loop.watch(namespaces, (namespace) => [namespace.metadata.name]);
  loop.watch(objects, (object) => (object.metadata.name === options.name ? [object.metadata.namespace ?? ''] : []));
  return lifecycle;
}

/**
 * Lets claims, volumes and their classes go once nobody uses them: admission gives each a finalizer, these take it away from
 * what is being deleted and not in use, and give it to what came without: pkg/controller/volume/{pvc,pv,vac}protection.
 */
import { isReason } from '../../api/errors.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { ResourceRef } from '../../client/client.ts';
import type { Cached } from '../../client/informer-store.ts';
import { indexers, keyOf } from '../../client/informer-store.ts';
import type { Reconciler } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { claimsOf, classesOf, uses } from './usage.ts';

interface ProtectionOptions<T> {
  readonly name: string;
  readonly ref: ResourceRef<T>;
  readonly finalizer: string;
  /** Further caches that `isUsed` reads. */
  readonly needs: readonly { readonly synced: Promise<unknown> }[];
  isUsed(object: T): boolean | Promise<boolean>;
}

/** The loop of one kind; callers add what wakes it besides changes of the object. */
function protect<T extends Cached>(
  options: ProtectionOptions<T>,
  { client, informers, clock, logger, queues }: ControllerContext,
): Reconciler {
  const { name, ref, finalizer, needs } = options;
  const objects = informers.of(ref);
  const api = client.resource(ref);

  async function reconcile(key: string): Promise<undefined> {
    const object = objects.store.get(key);
    if (object === undefined) return;
    const { finalizers = [], deletionTimestamp } = object.metadata;
    const has = finalizers.includes(finalizer);
    const goes = deletionTimestamp !== undefined;
    if (goes !== has || (goes && (await options.isUsed(object)))) return;
    const next = goes ? finalizers.filter((other) => other !== finalizer) : [...finalizers, finalizer];
    try {
      await api.update({ ...object, metadata: { ...object.metadata, finalizers: next } });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  const ready = Promise.all([objects, ...needs].map((informer) => informer.synced));
  const loop = startReconciler({ name, clock, logger, queues, ready, reconcile });
  loop.watch(objects, (object) => [keyOf(object)]);
  return loop;
}

export const claimProtectionController: Controller = {
  name: 'persistentvolumeclaim-protection-controller',
  watches: ['persistentvolumeclaims', 'pods'],
  start(context): Running {
    const { client, informers } = context;
    const pods = informers.of(refs.pods);
    pods.addIndexer('namespace', indexers.namespace);
    const loop = protect(
      {
        name: this.name,
        ref: refs.persistentVolumeClaims,
        finalizer: 'kubernetes.io/pvc-protection',
        needs: [pods],
        async isUsed(claim) {
          const { namespace = '' } = claim.metadata;
          for (const pod of pods.store.byIndex('namespace', namespace)) if (uses(pod, claim)) return true;
          // A pod may be too new for the cache, and what is deleted here is lost.
          const { items } = await client.resource(refs.pods).list({ namespace });
          return items.some((pod) => uses(pod, claim));
        },
      },
      context,
    );
    loop.watch(pods, claimsOf);
    return loop;
  },
};

export const volumeProtectionController: Controller = {
  name: 'persistentvolume-protection-controller',
  watches: ['persistentvolumes'],
  start: (context) =>
    protect(
      {
        name: 'persistentvolume-protection-controller',
        ref: refs.persistentVolumes,
        finalizer: 'kubernetes.io/pv-protection',
        needs: [],
        isUsed: ({ status }) => status.phase === 'Bound',
      },
      context,
    ),
};

export const volumeAttributesClassProtectionController: Controller = {
  name: 'volumeattributesclass-protection-controller',
  watches: ['volumeattributesclasses', 'persistentvolumeclaims', 'persistentvolumes'],
  start(context): Running {
    const claims = context.informers.of(refs.persistentVolumeClaims);
    const volumes = context.informers.of(refs.persistentVolumes);
    claims.addIndexer('volumeAttributesClass', classesOf);
    volumes.addIndexer('volumeAttributesClass', classesOf);
    const loop = protect(
      {
        name: this.name,
        ref: refs.volumeAttributesClasses,
        finalizer: 'kubernetes.io/vac-protection',
        needs: [claims, volumes],
        isUsed: ({ metadata: { name } }) =>
          [claims, volumes].some((informer) => [...informer.store.byIndex('volumeAttributesClass', name)].length > 0),
      },
      context,
    );
    loop.watch(claims, classesOf);
    loop.watch(volumes, classesOf);
    return loop;
  },
};

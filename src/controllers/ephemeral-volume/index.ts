/** Makes the claims of pods' generic ephemeral volumes; they go with the pod: pkg/controller/volume/ephemeral/controller.go. */
import type { PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import type { Running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { joinKey, keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { controllerReference, isControlledBy } from '../shared/owners.ts';
import { messageOf } from '../shared/pod-control.ts';
import { claimsOf } from '../volume-protection/usage.ts';

export const ephemeralVolumeController: Controller = {
  name: 'ephemeral-volume-controller',
  watches: ['pods', 'persistentvolumeclaims'],
  start,
};

type Volume = NonNullable<Pod['spec']['volumes']>[number];

function start(context: ControllerContext): Running {
  const { client, clock, logger, queues, informers } = context;
  const pods = informers.of(refs.pods);
  const claims = informers.of(refs.persistentVolumeClaims);
  pods.addIndexer('claim', claimsOf);
  const recorder = context.recorder('ephemeral_volume');
  const ready = Promise.all([pods.synced, claims.synced]);

  async function ensure(pod: Pod, volume: Volume): Promise<void> {
    if (volume.ephemeral === undefined) return;
    const { namespace = '', name: podName } = pod.metadata;
    const name = `${podName}-${volume.name}`;
    const existing = claims.store.get(joinKey(namespace, name));
    if (existing === undefined) {
      try {
        await client.resource(refs.persistentVolumeClaims).create(namespace, claimFor(pod, volume, name));
      } catch (error) {
        throw new Error(`create PVC ${name}: ${messageOf(error)}`, { cause: error });
      }
    } else if (!isControlledBy(existing, pod)) {
      throw new Error(`PVC ${namespace}/${name} was not created for pod ${namespace}/${podName} (pod is not owner)`);
    }
  }

  const loop = startReconciler({
    name: 'ephemeral-volume-controller',
    clock,
    logger,
    queues,
    ready,
    async reconcile(key) {
      const pod = pods.store.get(key);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
      for (const volume of pod.spec.volumes ?? []) {
        try {
          await ensure(pod, volume);
        } catch (error) {
          const message = `ephemeral volume ${volume.name}: ${messageOf(error)}`;
          recorder.event(referenceTo(refs.pods, pod), 'Warning', 'FailedBinding', message);
          throw error;
        }
      }
      return undefined;
    },
  });
  const hasEphemeral = (pod: Pod): boolean => pod.spec.volumes?.some(({ ephemeral }) => ephemeral !== undefined) === true;
  const handlers = [
    pods.handle({ add: (pod) => (hasEphemeral(pod) ? loop.enqueue(keyOf(pod)) : undefined) }),
    claims.handle({
      delete: (claim) => {
        for (const pod of pods.store.byIndex('claim', keyOf(claim))) if (hasEphemeral(pod)) loop.enqueue(keyOf(pod));
      },
    }),
  ];
  const stop = async (): Promise<void> => {
    for (const handler of handlers) await handler.stop();
    await loop.stop();
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

function claimFor(pod: Pod, { ephemeral }: Volume, name: string): New<PersistentVolumeClaim> {
  const { metadata, spec = {} } = ephemeral?.volumeClaimTemplate ?? {};
  const { annotations, labels } = metadata ?? {};
  return {
    metadata: {
      name,
      ownerReferences: [controllerReference(refs.pods, pod)],
      ...(annotations === undefined ? {} : { annotations }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec,
  };
}

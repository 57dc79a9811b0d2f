import type { Deployment, Pod, ReplicaSet } from '../../api/generated/types.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { claim } from '../shared/claim.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { byController, controllerIndexer, controllerOf, orphansOf } from '../shared/owners.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { Round } from './reconcile.ts';

export const deploymentController: Controller = {
  name: 'deployment-controller',
  watches: ['deployments', 'replicasets', 'pods'],
  start,
};

interface Caches {
  readonly deployments: Informer<Deployment>;
  readonly sets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
}

function start(context: ControllerContext): Running {
  const { informers, clock, logger, queues } = context;
  const caches: Caches = {
    deployments: informers.of(refs.deployments),
    sets: informers.of(refs.replicaSets),
    pods: informers.of(refs.pods),
  };
  caches.deployments.addIndexer('namespace', indexers.namespace);
  caches.sets.addIndexer(byController, controllerIndexer);
  caches.pods.addIndexer(byController, controllerIndexer);
  const recorder = context.recorder('deployment-controller');
  const loop = startReconciler({
    name: 'deployment-controller',
    clock,
    logger,
    queues,
    ready: Promise.all([caches.deployments.synced, caches.sets.synced, caches.pods.synced]),
    reconcile: (key) => reconcile(key),
  });
  loop.watch(caches.deployments, (deployment) => [keyOf(deployment)]);
  loop.watch(caches.sets, (set) => ownersOf(set, caches));
  const podHandler = caches.pods.handle({
    // Recreate waits until the old pods are really gone.
    delete: (pod) => {
      const key = recreateOwner(pod, caches);
      if (key !== undefined) loop.enqueue(key);
    },
  });

  async function reconcile(key: string): Promise<ReconcileResult | undefined> {
    const deployment = caches.deployments.store.get(key);
    if (deployment === undefined) return undefined;
    if (jsonEqual(deployment.spec.selector, {})) {
      const message = 'This deployment is selecting all pods. A non-empty selector is required.';
      recorder.event(referenceTo(refs.deployments, deployment), 'Warning', 'SelectingAll', message);
      const { generation = 0 } = deployment.metadata;
      if ((deployment.status.observedGeneration ?? 0) < generation) {
        const status = { ...deployment.status, observedGeneration: generation };
        await context.client.resource(refs.deployments).updateStatus({ ...deployment, status });
      }
      return undefined;
    }
    const { namespace = '', uid } = deployment.metadata;
    const candidates = [...caches.sets.store.byIndex(byController, uid), ...caches.sets.store.byIndex(byController, orphansOf(namespace))];
    const matches = labelMatcher(deployment.spec.selector);
    const sets = await claim(candidates, {
      client: context.client,
      owner: deployment,
      ownerRef: refs.deployments,
      ref: refs.replicaSets,
      matches,
    });
    const podsOf = (set: ReplicaSet): Iterable<Pod> => caches.pods.store.byIndex(byController, set.metadata.uid);
    try {
      return await new Round({ client: context.client, clock, recorder, deployment, sets, podsOf }).run();
    } catch (error) {
      // Nothing can be made in a namespace that goes away; there is no use in trying again.
      if (isNamespaceTerminating(error)) return undefined;
      throw error;
    }
  }

  return running(async () => {
    await podHandler.stop();
    await loop.stop();
  });
}

/** The ReplicaSet's Deployment; for an orphan everyone who might adopt it. */
function ownersOf(set: ReplicaSet, { deployments }: Caches): readonly string[] {
  const namespace = set.metadata.namespace ?? '';
  const controller = controllerOf(set);
  if (controller !== undefined) return controller.kind === 'Deployment' ? [joinKey(namespace, controller.name)] : [];
  const candidates = [...deployments.store.byIndex('namespace', namespace)];
  return candidates.filter((deployment) => labelMatcher(deployment.spec.selector)(set.metadata.labels)).map(keyOf);
}

function recreateOwner(pod: Pod, { deployments, sets }: Caches): string | undefined {
  const namespace = pod.metadata.namespace ?? '';
  const owner = controllerOf(pod);
  const set = owner?.kind === 'ReplicaSet' ? sets.store.get(joinKey(namespace, owner.name)) : undefined;
  const parent = set === undefined ? undefined : controllerOf(set);
  const deployment = parent?.kind === 'Deployment' ? deployments.store.get(joinKey(namespace, parent.name)) : undefined;
  return deployment?.spec.strategy?.type === 'Recreate' ? keyOf(deployment) : undefined;
}

/** Deletes pods that do not tolerate a NoExecute taint of their node, at once or when their patience is over: pkg/controller/tainteviction. */
import { isReason } from '../../api/errors.ts';
import type { Pod, Taint, Toleration } from '../../api/generated/types.ts';
import { tolerates } from '../../api/tolerations.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { indexers, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';

export const taintEvictionController: Controller = { name: 'taint-eviction-controller', watches: ['nodes', 'pods'], start };

/** Ms until the pod has to go: 0 now, Infinity never. */
export function patience(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  const used = taints.map((taint) => tolerations.filter((toleration) => tolerates([toleration], taint)));
  if (used.some((matching) => matching.length === 0)) return 0;
  const seconds = used.flat().flatMap((toleration) => toleration.tolerationSeconds ?? []);
  return seconds.length === 0 ? Infinity : Math.max(0, Math.min(...seconds)) * 1000;
}

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues } = context;
  const lifecycle = new Lifecycle();
  const nodes = informers.of(refs.nodes);
  const pods = informers.of(refs.pods);
  pods.addIndexer('node', indexers.nodeName);
  const recorder = context.recorder('taint-eviction-controller');
  /** Since when each pod has been on borrowed time. */
  const since = new Map<string, number>();

  async function reconcile(key: string): Promise<ReconcileResult | undefined> {
    const pod = pods.store.get(key);
    const taints = (nodes.store.get(pod?.spec.nodeName ?? '')?.spec.taints ?? []).filter((taint) => taint.effect === 'NoExecute');
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
      since.delete(key);
      return undefined;
    }
    const wait = taints.length === 0 ? Infinity : patience(taints, pod.spec.tolerations ?? []);
    if (wait === Infinity) {
      if (since.delete(key)) recorder.event(about(pod), 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
      return undefined;
    }
    const from = since.get(key) ?? clock.monotonic();
    since.set(key, from);
    const left = from + wait - clock.monotonic();
    if (left > 0) return { requeueAfter: left };
    recorder.event(about(pod), 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    await evict(pod);
    since.delete(key);
    return undefined;
  }

  async function evict(pod: Pod): Promise<void> {
    const { namespace = '', name, uid, generation } = pod.metadata;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: rfc3339(clock.now()),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await client
        .resource(refs.pods)
        .patch(namespace, name, { type: 'application/strategic-merge-patch+json', subresource: 'status', body });
      await client.resource(refs.pods).delete(namespace, name, { preconditions: { uid } });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  const ready = Promise.all([nodes.synced, pods.synced]);
  const loop = lifecycle.add(
    startReconciler({ name: 'taint-eviction-controller', clock, logger, queues, ready, reconcile, concurrency: 8 }),
  );
  const hasTaints = (name: string): boolean => nodes.store.get(name)?.spec.taints?.some((taint) => taint.effect === 'NoExecute') === true;
  const enqueue = (pod: Pod): void => {
    if (since.has(keyOf(pod)) || hasTaints(pod.spec.nodeName ?? '')) loop.enqueue(keyOf(pod));
  };
  lifecycle.add(pods.handle({ add: enqueue, update: (_old, pod) => enqueue(pod), delete: enqueue }));
  const onNode = (name: string): void => {
    for (const pod of pods.store.byIndex('node', name)) loop.enqueue(keyOf(pod));
  };
  lifecycle.add(
    nodes.handle({
      add: (node) => (hasTaints(node.metadata.name) ? onNode(node.metadata.name) : undefined),
      update: (old, node) => {
        const text = (taints: readonly Taint[] | undefined): string =>
          JSON.stringify(taints?.filter((taint) => taint.effect === 'NoExecute') ?? []);
        if (text(old.spec.taints) !== text(node.spec.taints)) onNode(node.metadata.name);
      },
    }),
  );
  return lifecycle;
}

function about(pod: Pod): ReturnType<typeof referenceTo> {
  return referenceTo(refs.pods, pod);
}

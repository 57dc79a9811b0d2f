/** Removes pods nobody else will: of nodes that are gone, deleted before they got a node, and the oldest of too many that ended: pkg/controller/podgc. */
import { isReason } from '../../api/errors.ts';
import type { Node, Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { indexers, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { isPodTerminal } from '../shared/pods.ts';

export const podGCController: Controller = { name: 'pod-garbage-collector-controller', watches: ['pods', 'nodes'], start };

/** How long a node must be missing before its pods go, in ms. */
const quarantineMs = 40_000;
/** How long terminated pods may pile up before they are counted again, in ms (upstream's period). */
const countMs = 20_000;

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues, settings } = context;
  const lifecycle = new Lifecycle();
  const nodes = informers.of(refs.nodes);
  const pods = informers.of(refs.pods);
  pods.addIndexer('node', indexers.nodeName);
  const threshold = settings.terminatedPodThreshold ?? 12_500;

  /** Keys: `node/NAME`, `fenced/NAME`, `pod/NAMESPACE/NAME`, `terminated`. */
  async function reconcile(key: string): Promise<ReconcileResult | undefined> {
    if (key === 'terminated') await collectTerminated();
    else if (key.startsWith('node/')) await collectOrphans(key.slice(5));
    else if (key.startsWith('fenced/'))
      await collectFenced(context, nodes.store.get(key.slice(7)), pods.store.byIndex('node', key.slice(7)));
    else await collectUnscheduled(key.slice(4));
    return undefined;
  }

  async function collectOrphans(name: string): Promise<void> {
    if (nodes.store.get(name) !== undefined || (await nodeExists(name))) return;
    const message = 'PodGC: node no longer exists';
    for (const pod of [...pods.store.byIndex('node', name)]) await removePod(context, pod, { reason: 'DeletionByPodGC', message });
  }

  async function nodeExists(name: string): Promise<boolean> {
    try {
      await client.resource(refs.nodes).get('', name);
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  async function collectUnscheduled(key: string): Promise<void> {
    const pod = pods.store.get(key);
    if (pod !== undefined && isUnscheduledTerminating(pod)) await removePod(context, pod, undefined);
  }

  async function collectTerminated(): Promise<void> {
    const ended = [...pods.store.values()].filter((pod) => isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined);
    const evictedLast = (pod: Pod): number => (pod.status.reason === 'Evicted' ? 0 : 1);
    ended.sort(
      (a, b) => evictedLast(a) - evictedLast(b) || Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp),
    );
    for (const pod of ended.slice(0, Math.max(0, ended.length - threshold))) await removePod(context, pod, undefined);
  }

  const ready = Promise.all([nodes.synced, pods.synced]);
  const loop = lifecycle.add(startReconciler({ name: 'pod-garbage-collector-controller', clock, logger, queues, ready, reconcile }));
  let terminated = 0;
  const seeNode = (node: Node | undefined): void => {
    if (node !== undefined && isOutOfService(node)) loop.enqueue(`fenced/${node.metadata.name}`);
  };
  const see = (pod: Pod): void => {
    const node = pod.spec.nodeName ?? '';
    if (isUnscheduledTerminating(pod)) loop.enqueue(`pod/${keyOf(pod)}`);
    else if (node !== '' && nodes.store.get(node) === undefined) loop.enqueueAfter(`node/${node}`, quarantineMs);
    else if (pod.metadata.deletionTimestamp !== undefined) seeNode(nodes.store.get(node));
  };
  const count = (change: 1 | -1): void => {
    terminated += change;
    if (terminated > threshold) loop.enqueueAfter('terminated', countMs);
  };
  lifecycle.add(
    pods.handle({
      add: (pod) => {
        see(pod);
        if (isPodTerminal(pod)) count(1);
      },
      update: (old, pod) => {
        see(pod);
        if (isPodTerminal(pod) !== isPodTerminal(old)) count(isPodTerminal(pod) ? 1 : -1);
      },
      delete: (pod) => {
        if (isPodTerminal(pod)) count(-1);
      },
    }),
  );
  const orphaned = (node: Node): void => loop.enqueueAfter(`node/${node.metadata.name}`, quarantineMs);
  lifecycle.add(nodes.handle({ add: seeNode, update: (_old, node) => seeNode(node), delete: orphaned }));
  return lifecycle;
}

/** An administrator vouches that the node is off: nobody there ends its pods any more. */
async function collectFenced(context: ControllerContext, node: Node | undefined, pods: Iterable<Pod>): Promise<void> {
  if (node === undefined || !isOutOfService(node)) return;
  const going = [...pods].filter((pod) => pod.metadata.deletionTimestamp !== undefined);
  for (const pod of going) await removePod(context, pod, undefined);
}

function isOutOfService({ spec, status }: Node): boolean {
  const isReady = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  return !isReady && spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') === true;
}

function isUnscheduledTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && (pod.spec.nodeName ?? '') === '';
}

/** A pod that has not ended is marked Failed first, so that its controller sees it. */
async function removePod(
  { client, clock }: ControllerContext,
  pod: Pod,
  disruption: { reason: string; message: string } | undefined,
): Promise<void> {
  const { namespace = '', name, uid } = pod.metadata;
  try {
    if (!isPodTerminal(pod)) {
      const condition = { type: 'DisruptionTarget', status: 'True', lastTransitionTime: rfc3339(clock.now()), ...disruption };
      const status = { phase: 'Failed', ...(disruption === undefined ? {} : { conditions: [condition] }) };
      const patch = {
        type: 'application/strategic-merge-patch+json',
        subresource: 'status',
        body: { metadata: { uid }, status },
      } as const;
      await client.resource(refs.pods).patch(namespace, name, patch);
    }
    await client.resource(refs.pods).delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
}

/** Notices silent nodes by their Leases, taints nodes by their conditions, and marks pods on lost nodes: pkg/controller/nodelifecycle. */
import { isReason } from '../../api/errors.ts';
import type { Node, Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { indexers } from '../../client/informer-store.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { readyCondition, silentConditions, wantedTaints } from './health.ts';

export const nodeLifecycleController: Controller = { name: 'node-lifecycle-controller', watches: ['nodes', 'leases', 'pods'], start };

/** How long a node may take to say anything at all, in ms (upstream NodeStartupGracePeriod). */
const startupGraceMs = 60_000;
const defaultGraceMs = 50_000;

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, settings } = context;
  const lifecycle = new Lifecycle();
  const nodes = informers.of(refs.nodes);
  const pods = informers.of(refs.pods);
  const leases = informers.of(refs.leases, { namespace: 'kube-node-lease' });
  pods.addIndexer('node', indexers.nodeName);
  const recorder = context.recorder('node-controller');
  const heard = new Map<string, number>();
  const hear = (name: string): void => void heard.set(name, clock.monotonic());

  async function reconcile(name: string): Promise<ReconcileResult | undefined> {
    const cached = nodes.store.get(name);
    if (cached === undefined) {
      heard.delete(name);
      return undefined;
    }
    const grace = readyCondition(cached) === undefined ? startupGraceMs : (settings.nodeMonitorGraceMs ?? defaultGraceMs);
    const silence = clock.monotonic() - (heard.get(name) ?? clock.monotonic());
    const node = silence >= grace ? await markSilent(context, cached) : cached;
    await taint(node);
    const ready = readyCondition(node)?.status;
    if (ready !== undefined && ready !== 'True') await markPods(node);
    return silence >= grace ? undefined : { requeueAfter: grace - silence };
  }

  async function taint(node: Node): Promise<void> {
    const taints = wantedTaints(node, clock.now());
    if (jsonEqual(taints, node.spec.taints ?? [])) return;
    const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } };
    await client.resource(refs.nodes).patch('', node.metadata.name, { type: 'application/merge-patch+json', body });
  }

  /** Nobody on the node can say so any more: its pods are not ready. */
  async function markPods(node: Node): Promise<void> {
    for (const pod of pods.store.byIndex('node', node.metadata.name)) {
      if (!(pod.status.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status !== 'False')) continue;
      try {
        await client.resource(refs.pods).updateStatus(notReady(pod, clock.now()));
        recorder.event(referenceTo(refs.pods, pod), 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
  }

  const ready = Promise.all([nodes.synced, pods.synced, leases.synced]);
  const loop = lifecycle.add(startReconciler({ name: 'node-lifecycle-controller', clock, logger, ready, reconcile }));
  lifecycle.add(
    nodes.handle({
      add: (node) => {
        hear(node.metadata.name);
        recorder.event(
          aboutNode(node),
          'Normal',
          'RegisteredNode',
          `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`,
        );
        loop.enqueue(node.metadata.name);
      },
      update: (old, node) => {
        if (readyCondition(old)?.lastHeartbeatTime !== readyCondition(node)?.lastHeartbeatTime) hear(node.metadata.name);
        if (readyCondition(old)?.status === 'True' && readyCondition(node)?.status !== 'True') {
          recorder.event(aboutNode(node), 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
        }
        loop.enqueue(node.metadata.name);
      },
      delete: (node) => {
        recorder.event(
          aboutNode(node),
          'Normal',
          'RemovingNode',
          `Node ${node.metadata.name} event: Removing Node ${node.metadata.name} from Controller`,
        );
        loop.enqueue(node.metadata.name);
      },
    }),
  );
  // A renewed Lease only moves the time of the next look, which is checked when that time comes.
  lifecycle.add(leases.handle({ add: (lease) => hear(lease.metadata.name), update: (_old, lease) => hear(lease.metadata.name) }));
  return lifecycle;
}

function aboutNode(node: Node): ReturnType<typeof referenceTo> {
  return referenceTo(refs.nodes, node);
}

function notReady(pod: Pod, now: number): Pod {
  const conditions = (pod.status.conditions ?? []).map((condition) =>
    condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime: rfc3339(now) } : condition,
  );
  return { ...pod, status: { ...pod.status, conditions } };
}

/** Conditions Unknown for a node that has been silent for too long. */
async function markSilent({ client, clock }: ControllerContext, node: Node): Promise<Node> {
  const conditions = silentConditions(node, clock.now());
  if (jsonEqual(conditions, node.status.conditions ?? [])) return node;
  return client.resource(refs.nodes).updateStatus({ ...node, status: { ...node.status, conditions } });
}

/** Notices silent nodes by their Leases, taints nodes by their conditions, and marks pods on lost nodes: pkg/controller/nodelifecycle. */
import { isReason } from '../../api/errors.ts';
import type { Lease, Node, Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers } from '../../client/informer-store.ts';
import type { Reconciler, ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { isGivenUp, noExecuteKey, readyCondition, silentConditions, wantedTaints } from './health.ts';
import { EvictionPace, isAllLost, zoneOf, zonesOf } from './zones.ts';

export const nodeLifecycleController: Controller = {
  name: 'node-lifecycle-controller',
  watches: ['nodes', 'leases', 'pods'],
  start: (context) => new NodeLifecycle(context).start(),
};

/** How long a node may take to say anything at all, in ms (upstream NodeStartupGracePeriod). */
const startupGraceMs = 60_000;
const defaultGraceMs = 50_000;
/** A key of the loop that is no node's. */
const zonesKey = '/zones';

class NodeLifecycle {
  readonly #context: ControllerContext;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #leases: Informer<Lease>;
  readonly #recorder: EventRecorder;
  readonly #loop: Reconciler;
  readonly #lifecycle = new Lifecycle();
  readonly #pace = new EvictionPace();
  #zones: ReturnType<typeof zonesOf> = new Map();
  /** When each node was last heard of, monotonic. */
  readonly #heard = new Map<string, number>();

  constructor(context: ControllerContext) {
    const { informers, clock, logger, queues } = context;
    this.#context = context;
    this.#nodes = informers.of(refs.nodes);
    this.#pods = informers.of(refs.pods);
    this.#leases = informers.of(refs.leases, { namespace: 'kube-node-lease' });
    this.#pods.addIndexer('node', indexers.nodeName);
    this.#recorder = context.recorder('node-controller');
    const ready = Promise.all([this.#nodes.synced, this.#pods.synced, this.#leases.synced]);
    const reconcile = (key: string): Promise<ReconcileResult | undefined> => this.#reconcile(key);
    this.#loop = this.#lifecycle.add(startReconciler({ name: 'node-lifecycle-controller', clock, logger, queues, ready, reconcile }));
  }

  start(): Running {
    this.#lifecycle.add(this.#nodes.handle({ add: this.#added, update: this.#changed, delete: this.#removed }));
    // A renewed Lease only moves the time of the next look, which is checked when that time comes.
    const hear = (lease: Lease): void => this.#hear(lease.metadata.name);
    this.#lifecycle.add(this.#leases.handle({ add: hear, update: (_old, lease) => hear(lease) }));
    return this.#lifecycle;
  }

  readonly #added = (node: Node): void => {
    const { name } = node.metadata;
    this.#hear(name);
    this.#event(node, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
    this.#loop.enqueue(name);
    this.#loop.enqueue(zonesKey);
  };

  readonly #changed = (old: Node, node: Node): void => {
    const { name, labels } = node.metadata;
    const [before, after] = [readyCondition(old), readyCondition(node)];
    if (before?.lastHeartbeatTime !== after?.lastHeartbeatTime) this.#hear(name);
    if (before?.status === 'True' && after?.status !== 'True')
      this.#event(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    if (before?.status !== after?.status || !jsonEqual(old.metadata.labels, labels)) this.#loop.enqueue(zonesKey);
    this.#loop.enqueue(name);
  };

  readonly #removed = (node: Node): void => {
    const { name } = node.metadata;
    this.#event(node, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    this.#loop.enqueue(name);
    this.#loop.enqueue(zonesKey);
  };

  #event(node: Node, reason: string, message: string): void {
    this.#recorder.event(referenceTo(refs.nodes, node), 'Normal', reason, message);
  }

  #hear(name: string): void {
    this.#heard.set(name, this.#context.clock.monotonic());
  }

  async #reconcile(name: string): Promise<ReconcileResult | undefined> {
    if (name === zonesKey) return this.#followZones();
    const { clock, settings } = this.#context;
    const cached = this.#nodes.store.get(name);
    if (cached === undefined) {
      this.#heard.delete(name);
      return undefined;
    }
    const grace = readyCondition(cached) === undefined ? startupGraceMs : (settings.nodeMonitorGraceMs ?? defaultGraceMs);
    const silence = clock.monotonic() - (this.#heard.get(name) ?? clock.monotonic());
    const node = silence >= grace ? await markSilent(this.#context, cached) : cached;
    const wait = this.#waitToGiveUp(node);
    await this.#taint(node, wait === 0);
    const ready = readyCondition(node)?.status;
    if (ready !== undefined && ready !== 'True') await this.#markPods(node);
    const next = Math.min(silence >= grace ? Infinity : grace - silence, wait === 0 ? Infinity : wait);
    return next === Infinity ? undefined : { requeueAfter: next };
  }

  /** Lost nodes are looked at again when more or fewer of them are lost. */
  #followZones(): undefined {
    const nodes = [...this.#nodes.store.values()];
    const zones = zonesOf(nodes);
    // Whoever could not be heard while all were lost gets another chance.
    if (isAllLost(this.#zones) && !isAllLost(zones)) for (const { metadata } of nodes) this.#hear(metadata.name);
    this.#zones = zones;
    for (const node of nodes) if (noExecuteKey(node) !== undefined) this.#loop.enqueue(node.metadata.name);
  }

  /** Ms until the node's pods may be sent away, 0: now; Infinity: never, as things are. */
  #waitToGiveUp(node: Node): number {
    if (noExecuteKey(node) === undefined) return Infinity;
    const others = [...this.#nodes.store.values()].filter(({ metadata }) => metadata.name !== node.metadata.name);
    const zones = zonesOf([...others, node]);
    if (isAllLost(zones)) return Infinity;
    if (isGivenUp(node)) return 0;
    const zone = zones.get(zoneOf(node)) ?? { state: 'Normal', size: 1 };
    return this.#pace.take(zoneOf(node), zone, this.#context.clock.monotonic());
  }

  async #taint(node: Node, givenUp: boolean): Promise<void> {
    const taints = wantedTaints(node, givenUp, this.#context.clock.now());
    if (jsonEqual(taints, node.spec.taints ?? [])) return;
    const { name, resourceVersion } = node.metadata;
    const body = { metadata: { resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } };
    await this.#context.client.resource(refs.nodes).patch('', name, { type: 'application/merge-patch+json', body });
  }

  /** Nobody on the node can say so any more: its pods are not ready. */
  async #markPods(node: Node): Promise<void> {
    const { client, clock } = this.#context;
    for (const pod of this.#pods.store.byIndex('node', node.metadata.name)) {
      if (!(pod.status.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status !== 'False')) continue;
      try {
        await client.resource(refs.pods).updateStatus(notReady(pod, clock.now()));
        this.#recorder.event(referenceTo(refs.pods, pod), 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
  }
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

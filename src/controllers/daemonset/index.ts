import type { ControllerRevision, DaemonSet, Node, Pod } from '../../api/generated/types.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult, Reconciler } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { claim } from '../shared/claim.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { OwnWrites } from '../shared/own-writes.ts';
import { byController, controllerIndexer, controllerOf, isControlledBy, orphansOf } from '../shared/owners.ts';
import { isNamespaceTerminating, PodControl, podFromTemplate, slowStart } from '../shared/pod-control.ts';
import { isPodTerminal, nextAvailability } from '../shared/pods.ts';
import { FailedPodBackoff } from './failed-pods.ts';
import { cleanUpHistory, hashOfRevision, resolveHistory } from './history.ts';
import { daemonTemplate, placementOf, targetNode } from './nodes.ts';
import type { Facts, Plan } from './plan.ts';
import { planPlacement, planRollout } from './plan.ts';
import { nextStatus } from './status.ts';

export const daemonSetController: Controller = {
  name: 'daemonset-controller',
  watches: ['daemonsets', 'pods', 'nodes', 'controllerrevisions'],
  start: (context) => new DaemonSetLoop(context).start(),
};

/** Most pods created or deleted in one go (upstream BurstReplicas). */
const burst = 250;

class DaemonSetLoop {
  readonly #context: ControllerContext;
  readonly #sets: Informer<DaemonSet>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #recorder: EventRecorder;
  readonly #control: PodControl<DaemonSet>;
  readonly #writes: OwnWrites<Pod>;
  readonly #failed: FailedPodBackoff;

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#context = context;
    this.#sets = informers.of(refs.daemonSets);
    this.#pods = informers.of(refs.pods);
    this.#nodes = informers.of(refs.nodes);
    this.#revisions = informers.of(refs.controllerRevisions);
    this.#sets.addIndexer('namespace', indexers.namespace);
    this.#pods.addIndexer(byController, controllerIndexer);
    this.#pods.addIndexer('node', indexers.nodeName);
    this.#revisions.addIndexer(byController, controllerIndexer);
    this.#recorder = context.recorder('daemonset-controller');
    this.#control = new PodControl(context.client, this.#recorder, refs.daemonSets);
    this.#writes = new OwnWrites(this.#pods);
    this.#failed = new FailedPodBackoff(context.clock);
  }

  start(): Running {
    const { clock, logger, queues } = this.#context;
    const lifecycle = new Lifecycle();
    const ready = Promise.all([this.#sets, this.#pods, this.#nodes, this.#revisions].map((cache) => cache.synced));
    const reconcile = (key: string): Promise<ReconcileResult | undefined> => this.#reconcile(key);
    const loop = lifecycle.add(startReconciler({ name: 'daemonset-controller', clock, logger, queues, ready, reconcile }));
    loop.watch(this.#sets, (set) => [keyOf(set)]);
    loop.watch(this.#pods, (pod) => this.#setsOf(pod));
    lifecycle.add(this.#followRevisions(loop));
    lifecycle.add(this.#sets.handle({ delete: ({ metadata }) => this.#forget(metadata.uid) }));
    lifecycle.add(this.#followNodes(loop));
    return lifecycle;
  }

  #forget(uid: string): void {
    this.#failed.forget(uid);
    this.#writes.forget(uid);
  }

  /** A new revision that has its owner is the owner's own work: nothing follows from it (daemon_controller.go, addHistory). */
  #followRevisions(loop: Reconciler): Running {
    const look = (revision: ControllerRevision): void => this.#setsOf(revision).forEach((key) => loop.enqueue(key));
    return this.#revisions.handle({
      add: (revision) => (controllerOf(revision) === undefined ? look(revision) : undefined),
      update: (old, revision) => {
        look(old);
        look(revision);
      },
      delete: look,
    });
  }

  #followNodes(loop: Reconciler): Running {
    const look = (node: Node): void => this.#concernedBy(node).forEach((set) => loop.enqueue(keyOf(set)));
    return this.#nodes.handle({
      add: (node, initial) => (initial ? undefined : look(node)),
      update: (old, node) => {
        if (!jsonEqual(old.metadata.labels, node.metadata.labels) || !jsonEqual(old.spec.taints, node.spec.taints)) look(node);
      },
      delete: () => [...this.#sets.store.values()].forEach((set) => loop.enqueue(keyOf(set))),
    });
  }

  /** DaemonSets that want something else on the node than what is there. */
  #concernedBy(node: Node): DaemonSet[] {
    const here = [...this.#pods.store.byIndex('node', node.metadata.name)];
    return [...this.#sets.store.values()].filter((set) => {
      const { shouldRun, mayStay } = placementOf(set)(node);
      const isHere = here.some((pod) => isControlledBy(pod, set));
      return isHere ? !mayStay || set.status.numberMisscheduled > 0 || !shouldRun : shouldRun;
    });
  }

  /** The object's DaemonSet; for an orphan everyone who might adopt it. */
  #setsOf(object: Pod | ControllerRevision): readonly string[] {
    const { namespace = '', labels } = object.metadata;
    const controller = controllerOf(object);
    if (controller !== undefined) return controller.kind === 'DaemonSet' ? [joinKey(namespace, controller.name)] : [];
    const candidates = [...this.#sets.store.byIndex('namespace', namespace)];
    return candidates.filter((set) => labelMatcher(set.spec.selector)(labels)).map(keyOf);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const set = this.#sets.store.get(key);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return undefined;
    if (jsonEqual(set.spec.selector, {})) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
      this.#recorder.event(referenceTo(refs.daemonSets, set), 'Warning', 'SelectingAll', message);
      return undefined;
    }
    const mayAct = this.#writes.areSeen(set.metadata.uid);
    const pods = await this.#claim(set, refs.pods, this.#pods);
    const revisions = await this.#claim(set, refs.controllerRevisions, this.#revisions);
    const { current, old } = await resolveHistory(this.#context.client, set, { revisions, pods });
    const facts = this.#facts(set, hashOfRevision(current), pods);
    if (!mayAct) {
      await this.#writeStatus(facts, false);
      return undefined;
    }
    let retryIn: number | undefined;
    let failure: unknown;
    try {
      retryIn = await this.#manage(facts);
      await cleanUpHistory(this.#context.client, set, { old, pods });
    } catch (error) {
      failure = error;
    }
    await this.#writeStatus(facts, true);
    if (failure instanceof Error) throw failure;
    const available = nextAvailability(pods, set.spec.minReadySeconds ?? 0, facts.now);
    const next = Math.min(retryIn ?? Infinity, available ?? Infinity);
    return next === Infinity ? undefined : { requeueAfter: next };
  }

  async #claim<T extends Pod | ControllerRevision>(set: DaemonSet, ref: Informer<T>['ref'], { store }: Informer<T>): Promise<T[]> {
    const { uid, namespace = '' } = set.metadata;
    const candidates = [...store.byIndex(byController, uid), ...store.byIndex(byController, orphansOf(namespace))];
    const matches = labelMatcher(set.spec.selector);
    return claim(candidates, { client: this.#context.client, owner: set, ownerRef: refs.daemonSets, ref, matches });
  }

  #facts(set: DaemonSet, hash: string, pods: readonly Pod[]): Facts {
    const podsByNode = new Map<string, Pod[]>();
    for (const pod of pods) {
      const node = targetNode(pod);
      if (node === undefined || (isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined)) continue;
      podsByNode.set(node, [...(podsByNode.get(node) ?? []), pod]);
    }
    const now = this.#context.clock.now();
    return { set, hash, nodes: [...this.#nodes.store.values()], placement: placementOf(set), podsByNode, now };
  }

  /** Pods where they belong; once they are, the next step of the rollout. Returns ms until a failed pod may be replaced. */
  async #manage(facts: Facts): Promise<number | undefined> {
    const { set } = facts;
    const { uid } = set.metadata;
    const plan = planPlacement(facts, (node) => this.#failed.take(uid, set.status.observedGeneration ?? 0, node));
    for (const pod of plan.ended) this.#tellEnded(set, pod);
    const settled = plan.create.length === 0 && plan.delete.length === 0;
    await this.#carryOut(facts, settled && set.spec.updateStrategy?.type === 'RollingUpdate' ? planRollout(facts) : plan);
    return plan.retryIn;
  }

  #tellEnded(set: DaemonSet, pod: Pod): void {
    const where = `daemon pod ${keyOf(pod)} on node ${targetNode(pod) ?? ''}`;
    const about = referenceTo(refs.daemonSets, set);
    if (pod.status.phase === 'Failed') {
      this.#recorder.event(about, 'Warning', 'FailedDaemonPod', `Found failed ${where}, will try to kill it`);
    } else this.#recorder.event(about, 'Normal', 'SucceededDaemonPod', `Found succeeded ${where}, will try to delete it`);
  }

  async #carryOut({ set, hash }: Facts, plan: Pick<Plan, 'create' | 'delete'>): Promise<void> {
    const { uid } = set.metadata;
    const nodes = plan.create.slice(0, burst).values();
    const creating = slowStart(Math.min(plan.create.length, burst), async () => {
      const node = nodes.next();
      if (node.done === true) return;
      try {
        const pod = podFromTemplate(daemonTemplate(set, hash, node.value), set, refs.daemonSets);
        this.#writes.created(uid, await this.#control.create(pod, set));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    const deleting = Promise.allSettled(plan.delete.slice(0, burst).map((pod) => this.#delete(set, pod)));
    const [{ error }, deleted] = await Promise.all([creating, deleting]);
    const failure: unknown = error ?? deleted.find((result) => result.status === 'rejected')?.reason;
    if (failure instanceof Error) throw failure;
  }

  async #delete(set: DaemonSet, pod: Pod): Promise<void> {
    const { uid } = set.metadata;
    this.#writes.deleting(uid, pod);
    try {
      await this.#control.delete(pod, set);
    } catch (error) {
      this.#writes.notDeleted(uid, pod);
      throw error;
    }
  }

  async #writeStatus(facts: Facts, observed: boolean): Promise<void> {
    const status = nextStatus(facts, observed);
    if (status !== undefined) await this.#context.client.resource(refs.daemonSets).updateStatus({ ...facts.set, status });
  }
}

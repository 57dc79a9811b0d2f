/**
 * Keeps as many pods as asked for: the loop behind ReplicaSets and ReplicationControllers
 * (pkg/controller/replicaset/replica_set.go). What differs between the two kinds is a {@link ReplicaKind}.
 */
import type { Pod, PodTemplateSpec, ReplicaSetStatus } from '../../api/generated/types.ts';
import type { LabelMatcher } from '../../api/label-selector.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { ResourceRef } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Cached } from '../../client/informer-store.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { claim } from '../shared/claim.ts';
import type { ControllerContext } from '../shared/controller.ts';
import { podsToDelete } from '../shared/deletion-order.ts';
import { OwnWrites } from '../shared/own-writes.ts';
import { byController, controllerIndexer, controllerOf, isControlledBy, orphansOf } from '../shared/owners.ts';
import { isNamespaceTerminating, PodControl, podFromTemplate, slowStart } from '../shared/pod-control.ts';
import { isPodActive, isPodTerminating, nextAvailability, podCondition } from '../shared/pods.ts';
import { calculateStatus } from './status.ts';

/** The fields the loop needs, whatever the kind. */
export interface ReplicaOwner extends Cached {
  readonly spec: { readonly replicas?: number; readonly minReadySeconds?: number; readonly template?: PodTemplateSpec };
  readonly status: ReplicaSetStatus;
}

export interface ReplicaKind<T extends ReplicaOwner> {
  readonly ref: ResourceRef<T>;
  readonly component: string;
  readonly matcher: (owner: T) => LabelMatcher;
  /** Whether status has terminatingReplicas. */
  readonly countsTerminating: boolean;
}

/** Most pods created or deleted in one go (upstream BurstReplicas). */
const burst = 500;

export function startReplicaManager<T extends ReplicaOwner>(kind: ReplicaKind<T>, context: ControllerContext): Running {
  return new ReplicaManager(kind, context).start();
}

class ReplicaManager<T extends ReplicaOwner> {
  readonly #kind: ReplicaKind<T>;
  readonly #context: ControllerContext;
  readonly #owners: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #control: PodControl<T>;
  readonly #writes: OwnWrites<Pod>;
  readonly #statusWrites: OwnWrites<T>;

  constructor(kind: ReplicaKind<T>, context: ControllerContext) {
    this.#kind = kind;
    this.#context = context;
    this.#owners = context.informers.of(kind.ref);
    this.#pods = context.informers.of(refs.pods);
    this.#owners.addIndexer('namespace', indexers.namespace);
    this.#owners.addIndexer(byController, controllerIndexer);
    this.#pods.addIndexer(byController, controllerIndexer);
    this.#control = new PodControl(context.client, context.recorder(kind.component), kind.ref);
    this.#writes = new OwnWrites(this.#pods);
    this.#statusWrites = new OwnWrites(this.#owners);
  }

  start(): Running {
    const { clock, logger, queues } = this.#context;
    const loop = startReconciler({
      name: this.#kind.component,
      clock,
      logger,
      queues,
      ready: Promise.all([this.#owners.synced, this.#pods.synced]),
      reconcile: (key) => this.#reconcile(key),
    });
    const owners = this.#owners.handle({
      add: (owner) => loop.enqueue(keyOf(owner)),
      update: (_, owner) => loop.enqueue(keyOf(owner)),
      delete: (owner) => {
        this.#writes.forget(owner.metadata.uid);
        this.#statusWrites.forget(owner.metadata.uid);
      },
    });
    const enqueue = (pod: Pod): void => this.#ownersOf(pod).forEach((key) => loop.enqueue(key));
    const pods = this.#pods.handle({
      add: enqueue,
      update: (old, pod) => {
        if (!concernsOwner(old, pod)) return;
        enqueue(old);
        enqueue(pod);
      },
      delete: enqueue,
    });
    return running(async () => {
      await owners.stop();
      await pods.stop();
      await loop.stop();
    });
  }

  /** The pod's controller; for an orphan everyone who might adopt it. */
  #ownersOf(pod: Pod): readonly string[] {
    const namespace = pod.metadata.namespace ?? '';
    const controller = controllerOf(pod);
    if (controller !== undefined) return controller.kind === this.#kind.ref.kind ? [joinKey(namespace, controller.name)] : [];
    if (pod.metadata.deletionTimestamp !== undefined) return [];
    return [...this.#owners.store.byIndex('namespace', namespace)]
      .filter((owner) => this.#kind.matcher(owner)(pod.metadata.labels))
      .map(keyOf);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const owner = this.#owners.store.get(key);
    if (owner === undefined) return undefined;
    const { clock, client } = this.#context;
    const { uid, namespace = '', deletionTimestamp } = owner.metadata;
    // The events that bring the caches on also wake this owner.
    if (!this.#writes.areSeen(uid) || !this.#statusWrites.areSeen(uid)) return undefined;
    const matches = this.#kind.matcher(owner);
    const owned = [...this.#pods.store.byIndex(byController, uid)];
    const candidates = [...owned, ...this.#pods.store.byIndex(byController, orphansOf(namespace))].filter(isPodActive);
    const active = await claim(candidates, { client, owner, ownerRef: this.#kind.ref, ref: refs.pods, matches });
    const failure = deletionTimestamp === undefined ? await this.#manage(owner, active) : undefined;
    const now = clock.now();
    const minReadySeconds = owner.spec.minReadySeconds ?? 0;
    const status = calculateStatus({
      old: owner.status,
      generation: owner.metadata.generation,
      replicas: owner.spec.replicas ?? 1,
      minReadySeconds,
      templateLabels: owner.spec.template?.metadata?.labels ?? {},
      active,
      terminating: this.#kind.countsTerminating
        ? owned.filter((pod) => isPodTerminating(pod) && matches(pod.metadata.labels)).length
        : undefined,
      failure,
      now,
    });
    if (!jsonEqual(status, owner.status)) {
      const written = await client.resource(this.#kind.ref).updateStatus({ ...owner, status });
      this.#statusWrites.created(uid, written);
    }
    if (failure instanceof Error) throw failure;
    const next = minReadySeconds === 0 ? undefined : nextAvailability(active, minReadySeconds, now);
    return next === undefined ? undefined : { requeueAfter: next };
  }

  /** Creates or deletes what is missing or too much; returns the first failure. */
  async #manage(owner: T, active: readonly Pod[]): Promise<unknown> {
    const difference = active.length - (owner.spec.replicas ?? 1);
    if (difference < 0) return this.#create(owner, Math.min(-difference, burst));
    if (difference > 0) return this.#delete(owner, active, Math.min(difference, burst));
    return undefined;
  }

  async #create(owner: T, count: number): Promise<unknown> {
    const template = owner.spec.template ?? {};
    const { error } = await slowStart(count, async () => {
      try {
        const pod = await this.#control.create(podFromTemplate(template, owner, this.#kind.ref), owner);
        this.#writes.created(owner.metadata.uid, pod);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    return error;
  }

  async #delete(owner: T, active: readonly Pod[], count: number): Promise<unknown> {
    const doomed = podsToDelete(active, this.#relatedPods(owner), count, this.#context.clock.now());
    const results = await Promise.allSettled(
      doomed.map(async (pod) => {
        this.#writes.deleting(owner.metadata.uid, pod);
        try {
          await this.#control.delete(pod, owner);
        } catch (error) {
          this.#writes.notDeleted(owner.metadata.uid, pod);
          throw error;
        }
      }),
    );
    return results.find((result) => result.status === 'rejected')?.reason;
  }

  /** Pods of every owner that has the same controller (a Deployment's other ReplicaSets), its own included. None without a controller. */
  *#relatedPods(owner: T): Iterable<Pod> {
    const parent = controllerOf(owner);
    if (parent === undefined) return;
    for (const sibling of this.#owners.store.byIndex(byController, parent.uid)) {
      for (const pod of this.#pods.store.byIndex(byController, sibling.metadata.uid)) if (isControlledBy(pod, sibling)) yield pod;
    }
  }
}

/** Whether a change is one that counting, adopting or releasing pods depends on; being bound to a node, say, is not. */
function concernsOwner(old: Pod, pod: Pod): boolean {
  const [before, after] = [old.metadata, pod.metadata];
  if (before.uid !== after.uid || before.deletionTimestamp !== after.deletionTimestamp || old.status.phase !== pod.status.phase)
    return true;
  return (
    !jsonEqual(podCondition(old, 'Ready'), podCondition(pod, 'Ready')) ||
    !jsonEqual(before.labels, after.labels) ||
    !jsonEqual(before.ownerReferences, after.ownerReferences)
  );
}

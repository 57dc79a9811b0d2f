import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../../api/generated/types.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { claim } from '../shared/claim.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { OwnWrites } from '../shared/own-writes.ts';
import { byController, controllerIndexer, controllerOf, orphansOf } from '../shared/owners.ts';
import { nextAvailability } from '../shared/pods.ts';
import { resolveRevisions, truncateHistory } from './history.ts';
import { claimTemplates, isMemberOf, parsePodName } from './identity.ts';
import { StatefulPodControl } from './pod-control.ts';
import { Round } from './round.ts';
import type { Counted } from './status.ts';
import { completeRollout, needsWrite, stored } from './status.ts';

export const statefulSetController: Controller = {
  name: 'statefulset-controller',
  watches: ['statefulsets', 'pods', 'persistentvolumeclaims', 'controllerrevisions'],
  start: (context) => new StatefulSetLoop(context).start(),
};

class StatefulSetLoop {
  readonly #context: ControllerContext;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #podWrites: OwnWrites<Pod>;
  readonly #claimWrites: OwnWrites<PersistentVolumeClaim>;
  readonly #control: StatefulPodControl;

  constructor(context: ControllerContext) {
    const { informers, client } = context;
    this.#context = context;
    this.#sets = informers.of(refs.statefulSets);
    this.#pods = informers.of(refs.pods);
    this.#claims = informers.of(refs.persistentVolumeClaims);
    this.#revisions = informers.of(refs.controllerRevisions);
    this.#sets.addIndexer('namespace', indexers.namespace);
    this.#pods.addIndexer(byController, controllerIndexer);
    this.#revisions.addIndexer(byController, controllerIndexer);
    this.#podWrites = new OwnWrites(this.#pods);
    this.#claimWrites = new OwnWrites(this.#claims);
    const writes = { podWrites: this.#podWrites, claimWrites: this.#claimWrites };
    this.#control = new StatefulPodControl({
      client,
      recorder: context.recorder('statefulset-controller'),
      claims: this.#claims.store,
      ...writes,
    });
  }

  start(): Running {
    const { clock, logger, queues } = this.#context;
    const lifecycle = new Lifecycle();
    const caches = [this.#sets, this.#pods, this.#claims, this.#revisions];
    const ready = Promise.all(caches.map((cache) => cache.synced));
    const reconcile = (key: string): Promise<ReconcileResult | undefined> => this.#reconcile(key);
    const loop = lifecycle.add(startReconciler({ name: 'statefulset-controller', clock, logger, queues, ready, reconcile }));
    loop.watch(this.#sets, (set) => [keyOf(set)]);
    loop.watch(this.#pods, (pod) => this.#setsOf(pod));
    loop.watch(this.#claims, (claim) => this.#setsUsing(claim));
    return lifecycle;
  }

  /** The pod's StatefulSet; for an orphan everyone who might adopt it. */
  #setsOf(pod: Pod): readonly string[] {
    const namespace = pod.metadata.namespace ?? '';
    const controller = controllerOf(pod);
    if (controller !== undefined) return controller.kind === 'StatefulSet' ? [joinKey(namespace, controller.name)] : [];
    if (pod.metadata.deletionTimestamp !== undefined) return [];
    const candidates = [...this.#sets.store.byIndex('namespace', namespace)];
    return candidates.filter((set) => labelMatcher(set.spec.selector)(pod.metadata.labels)).map(keyOf);
  }

  #setsUsing({ metadata: { namespace = '', name } }: PersistentVolumeClaim): readonly string[] {
    const parent = parsePodName(name)?.parent;
    if (parent === undefined) return [];
    const sets = [...this.#sets.store.byIndex('namespace', namespace)];
    return sets
      .filter((set) => claimTemplates(set).some((template) => `${template.metadata.name}-${set.metadata.name}` === parent))
      .map(keyOf);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const set = this.#sets.store.get(key);
    if (set === undefined) return undefined;
    const { client } = this.#context;
    const { uid, namespace = '' } = set.metadata;
    // What is written is seen as an event, which comes back here.
    if (!this.#podWrites.areSeen(uid) || !this.#claimWrites.areSeen(uid)) return undefined;
    const matches = labelMatcher(set.spec.selector);
    const known = await this.#claimRevisions(set);
    const candidates = [...this.#pods.store.byIndex(byController, uid), ...this.#pods.store.byIndex(byController, orphansOf(namespace))];
    const filter = (pod: Pod): boolean => isMemberOf(set, pod);
    const pods = await claim(candidates, { client, owner: set, ownerRef: refs.statefulSets, ref: refs.pods, matches, filter });
    const revisions = await resolveRevisions(client, set, known);
    const { status, failure } = await new Round({ control: this.#control, clock: this.#context.clock, set, pods, revisions }).run();
    await this.#writeStatus(set, completeRollout(set, status));
    if (failure instanceof Error) throw failure;
    const live = [revisions.current.metadata.name, revisions.update.metadata.name];
    await truncateHistory(client, set, { revisions: known, pods, live });
    const minReadySeconds = set.spec.minReadySeconds ?? 0;
    const next = minReadySeconds === 0 ? undefined : nextAvailability(pods, minReadySeconds, this.#context.clock.now());
    return next === undefined ? undefined : { requeueAfter: next };
  }

  /** Its revisions; those without an owner are adopted. */
  async #claimRevisions(set: StatefulSet): Promise<ControllerRevision[]> {
    const { uid, namespace = '' } = set.metadata;
    const store = this.#revisions.store;
    const matches = labelMatcher(set.spec.selector);
    const orphans = [...store.byIndex(byController, orphansOf(namespace))];
    const owned = [...store.byIndex(byController, uid)].filter(({ metadata }) => matches(metadata.labels));
    const options = { client: this.#context.client, owner: set, ownerRef: refs.statefulSets, ref: refs.controllerRevisions, matches };
    return claim([...owned, ...orphans], options);
  }

  async #writeStatus(set: StatefulSet, status: Counted): Promise<void> {
    if (!needsWrite(set.status, status)) return;
    await this.#context.client.resource(refs.statefulSets).updateStatus({ ...set, status: stored(status) });
  }
}

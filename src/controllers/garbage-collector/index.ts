/** Deletes what has lost all its owners, and carries out foreground and orphaning deletion: pkg/controller/garbagecollector. */
import type { OwnerReference } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import { apiVersionOf } from '../../api/object.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { DiscoveredResource, ResourceClient } from '../../client/client.ts';
import { found } from '../../client/found.ts';
import type { Cached } from '../../client/informer-store.ts';
import type { Reconciler } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import type { OwnerStates } from './decide.ts';
import { judge } from './decide.ts';
import { OwnerGraph, orphansDependents, ownersOf, waitsForDependents } from './graph.ts';

export const garbageCollector: Controller = {
  name: 'garbage-collector-controller',
  watches: ['*'],
  start: (context) => new GarbageCollector(context),
};

/** Kinds that never take part (upstream's default ignored resources). */
const ignored: ReadonlySet<string> = new Set(['/events', 'events.k8s.io/events']);

class GarbageCollector implements Running {
  readonly #context: ControllerContext;
  readonly #lifecycle = new Lifecycle();
  readonly #graph = new OwnerGraph();
  readonly #watched = new Set<string>();
  readonly #loop: Reconciler;
  #resources: readonly DiscoveredResource[] = [];

  constructor(context: ControllerContext) {
    this.#context = context;
    const ready = Promise.withResolvers<undefined>();
    const { clock, logger, queues } = context;
    this.#loop = this.#lifecycle.add(
      startReconciler({
        name: 'garbage-collector-controller',
        clock,
        logger,
        queues,
        ready: ready.promise,
        concurrency: 20,
        reconcile: (uid) => this.#reconcile(uid),
      }),
    );
    const refresher = this.#lifecycle.add(
      startReconciler({
        name: 'garbage-collector-discovery',
        clock,
        logger,
        queues,
        ready: Promise.resolve(),
        concurrency: 1,
        reconcile: async () => {
          await this.#watchEverything(refresher);
          ready.resolve(undefined);
          return undefined;
        },
      }),
    );
    refresher.enqueue('discover');
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Follows every kind that can be listed, watched and deleted; again whenever custom kinds come. */
  async #watchEverything(refresher: Reconciler): Promise<void> {
    this.#resources = await this.#context.client.discover();
    const synced: Promise<void>[] = [];
    for (const resource of this.#resources) {
      const name = `${resource.group}/${resource.resource}`;
      if (ignored.has(name) || this.#watched.has(name) || !['list', 'watch', 'delete'].every((verb) => resource.verbs.includes(verb)))
        continue;
      this.#watched.add(name);
      const informer = this.#context.informers.metadata(resource);
      const set = (object: Cached): void => this.#graph.set(resource, object).forEach((uid) => this.#loop.enqueue(uid));
      this.#lifecycle.add(
        informer.handle({
          add: set,
          update: (_old, object) => set(object),
          delete: (object) => this.#graph.delete(object).forEach((uid) => this.#loop.enqueue(uid)),
        }),
      );
      if (resource.resource === 'customresourcedefinitions')
        this.#lifecycle.add(
          informer.handle({ add: () => refresher.enqueueAfter('discover', 100), update: () => refresher.enqueueAfter('discover', 100) }),
        );
      synced.push(informer.synced);
    }
    await Promise.all(synced);
  }

  async #reconcile(uid: string): Promise<undefined> {
    const node = this.#graph.get(uid);
    if (node === undefined) return;
    if (orphansDependents(node.object)) return this.#orphan(uid);
    if (waitsForDependents(node.object)) return this.#finishForeground(uid);
    if (node.object.metadata.deletionTimestamp !== undefined || ownersOf(node.object).length === 0) return;
    if (ownersOf(node.object).every((owner) => this.#isSolid(owner))) return;
    await this.#judge(uid);
  }

  async #judge(uid: string): Promise<undefined> {
    const node = this.#graph.get(uid);
    if (node === undefined) return;
    const { namespace = '', name } = node.object.metadata;
    const api = this.#api(node.resource);
    const live = await found(api.get(namespace, name));
    if (live?.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) return;
    const dependents = this.#graph.dependentsOf(uid);
    const verdict = judge({
      owners: await this.#ownerStates(live),
      finalizers: live.metadata.finalizers ?? [],
      hasDependents: dependents.length > 0,
      dependentWaits: dependents.some((dependent) => waitsForDependents(dependent.object)),
    });
    if (verdict.do === 'drop-owners') await this.#patchOwners(api, live, (owner) => (verdict.uids.includes(owner.uid) ? undefined : owner));
    if (verdict.do !== 'delete') return;
    if (verdict.unblock) await this.#patchOwners(api, live, (owner) => ({ ...owner, blockOwnerDeletion: false }));
    await found(api.delete(namespace, name, { propagationPolicy: verdict.propagation, preconditions: { uid } }));
  }

  /** There according to the cache, and not on its way out. */
  #isSolid(owner: OwnerReference): boolean {
    const node = this.#graph.get(owner.uid);
    return node !== undefined && !waitsForDependents(node.object);
  }

  async #ownerStates(object: KubeObject): Promise<OwnerStates> {
    const states = { solid: [] as OwnerReference[], dangling: [] as OwnerReference[], waiting: [] as OwnerReference[] };
    for (const owner of ownersOf(object)) states[await this.#stateOf(owner, object)].push(owner);
    return states;
  }

  /** Asks the server, as the cache may be behind or the owner of a kind that is not followed. */
  async #stateOf(owner: OwnerReference, object: KubeObject): Promise<'solid' | 'dangling' | 'waiting'> {
    const resource = this.#resources.find(
      (one) => one.kind === owner.kind && apiVersionOf(one) === owner.apiVersion && !one.resource.includes('/'),
    );
    if (resource === undefined) {
      const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
      const sameKind = this.#resources.find((one) => one.kind === owner.kind && one.group === group);
      if (sameKind === undefined) throw new Error(`no resource serves owner kind ${owner.apiVersion} ${owner.kind}`);
      return this.#lookUp(sameKind, owner, object);
    }
    return this.#lookUp(resource, owner, object);
  }

  async #lookUp(resource: DiscoveredResource, owner: OwnerReference, object: KubeObject): Promise<'solid' | 'dangling' | 'waiting'> {
    const { namespace = '' } = object.metadata;
    // A cluster-scoped object cannot be owned from inside a namespace; it is left alone.
    if (resource.namespaced && namespace === '') return 'solid';
    const live = await found(this.#api(resource).get(resource.namespaced ? namespace : '', owner.name));
    if (live?.metadata.uid !== owner.uid) return 'dangling';
    return waitsForDependents(live) ? 'waiting' : 'solid';
  }

  /** Lets an owner go that is deleted in the foreground, once nothing blocks it; deletes its dependents until then. */
  async #finishForeground(uid: string): Promise<undefined> {
    const node = this.#graph.get(uid);
    if (node === undefined) return;
    const dependents = this.#graph.dependentsOf(uid);
    const blocking = dependents.filter(({ object }) =>
      ownersOf(object).some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
    if (blocking.length === 0) return this.#removeFinalizer(uid, 'foregroundDeletion');
    for (const { object } of dependents) if (object.metadata.deletionTimestamp === undefined) await this.#judge(object.metadata.uid);
  }

  /** Takes the owner out of all dependents, then lets it go. */
  async #orphan(uid: string): Promise<undefined> {
    for (const { resource, object } of this.#graph.dependentsOf(uid)) {
      const api = this.#api(resource);
      const { namespace = '', name } = object.metadata;
      const live = await found(api.get(namespace, name));
      if (live?.metadata.uid === object.metadata.uid)
        await this.#patchOwners(api, live, (owner) => (owner.uid === uid ? undefined : owner));
    }
    return this.#removeFinalizer(uid, 'orphan');
  }

  async #removeFinalizer(uid: string, finalizer: string): Promise<undefined> {
    const node = this.#graph.get(uid);
    if (node === undefined) return;
    const api = this.#api(node.resource);
    const live = await found(api.get(node.object.metadata.namespace ?? '', node.object.metadata.name));
    if (live?.metadata.uid !== uid || live.metadata.finalizers?.includes(finalizer) !== true) return;
    const finalizers = live.metadata.finalizers.filter((name) => name !== finalizer);
    await this.#patch(api, live, { finalizers: finalizers.length === 0 ? null : finalizers });
  }

  async #patchOwners(
    api: ResourceClient<KubeObject>,
    object: KubeObject,
    change: (owner: OwnerReference) => OwnerReference | undefined,
  ): Promise<void> {
    const ownerReferences = ownersOf(object).flatMap((owner) => change(owner) ?? []);
    await this.#patch(api, object, { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences });
  }

  /** The patch names the version it was made from: a newer state is looked at again. */
  async #patch(api: ResourceClient<KubeObject>, object: KubeObject, metadata: object): Promise<void> {
    const { namespace = '', name, uid, resourceVersion } = object.metadata;
    await found(
      api.patch(namespace, name, { type: 'application/merge-patch+json', body: { metadata: { uid, resourceVersion, ...metadata } } }),
    );
  }

  #api(resource: DiscoveredResource): ResourceClient<KubeObject> {
    return this.#context.client.resource<KubeObject>(resource);
  }
}

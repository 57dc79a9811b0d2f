/** Watches the kinds that quotas count, each from when a quota first asks for it: pkg/controller/resourcequota/resource_quota_monitor.go. */
import type { KubeObject } from '../../api/object.ts';
import type { GroupResource } from '../../api/quota/usage.ts';
import { countName, quotaUsage } from '../../api/quota/usage.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { DiscoveredResource } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers } from '../../client/informer-store.ts';
import type { ControllerContext } from '../shared/controller.ts';

export interface Listener {
  /** Whether anybody counts what is in a namespace. */
  cares(namespace: string): boolean;
  /** An object there may have given something back. */
  released(kind: GroupResource, namespace: string): void;
  /** A kind that was asked for in vain may be there now. */
  kindsChanged(): void;
}

export class CountedKinds implements Running {
  readonly #context: ControllerContext;
  readonly #listener: Listener;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  readonly #lifecycle = new Lifecycle();
  #known: readonly DiscoveredResource[] = [];
  #waits = false;

  constructor(context: ControllerContext, listener: Listener) {
    this.#context = context;
    this.#listener = listener;
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Those of the kinds that exist, with their objects in the namespace. */
  async objectsIn(namespace: string, kinds: readonly GroupResource[]): Promise<{ kind: GroupResource; items: KubeObject[] }[]> {
    if (kinds.some((kind) => this.#find(kind) === undefined)) this.#known = await this.#context.client.discover();
    const found = kinds.flatMap((kind) => this.#find(kind) ?? []);
    if (found.length < kinds.length) this.#followDefinitions();
    const informers = found.map((resource) => this.#informer(resource));
    await Promise.all(informers.map((informer) => informer.synced));
    return informers.map(({ ref: { group, resource }, store }) => ({
      kind: { group, resource },
      items: [...store.byIndex('namespace', namespace)],
    }));
  }

  /** Custom kinds are served a moment after they are defined. */
  #followDefinitions(): void {
    const definitions = this.#known.find(({ resource }) => resource === 'customresourcedefinitions');
    if (this.#waits || definitions === undefined) return;
    this.#waits = true;
    const tell = (_object: KubeObject, initial?: boolean): void => (initial === true ? undefined : this.#listener.kindsChanged());
    const informer = this.#context.informers.of<KubeObject>(definitions);
    this.#lifecycle.add(informer.handle({ add: tell, update: (_old, object) => tell(object) }));
  }

  #find({ group, resource }: GroupResource): DiscoveredResource | undefined {
    return this.#known.find(
      (one) =>
        one.group === group &&
        one.resource === resource &&
        one.namespaced &&
        ['create', 'list', 'watch'].every((verb) => one.verbs.includes(verb)),
    );
  }

  #informer(resource: DiscoveredResource): Informer<KubeObject> {
    const name = countName(resource);
    const known = this.#informers.get(name);
    if (known !== undefined) return known;
    const informer = this.#context.informers.of<KubeObject>(resource);
    informer.addIndexer('namespace', indexers.namespace);
    this.#informers.set(name, informer);
    const released = ({ metadata }: KubeObject): void => this.#listener.released(resource, metadata.namespace ?? '');
    this.#lifecycle.add(
      informer.handle({
        update: (old, object) => {
          if (this.#listener.cares(object.metadata.namespace ?? '') && changesUsage(resource, old, object, this.#context.clock.now()))
            released(object);
        },
        delete: released,
      }),
    );
    return informer;
  }
}

/** Only what these three use can change while they live. */
function changesUsage(kind: GroupResource, old: KubeObject, object: KubeObject, now: number): boolean {
  if (kind.group !== '' || !['pods', 'services', 'persistentvolumeclaims'].includes(kind.resource)) return false;
  const [before, after] = [quotaUsage(kind, old, now), quotaUsage(kind, object, now)];
  if (old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp || before.size !== after.size) return true;
  return [...before].some(([name, quantity]) => after.get(name)?.compare(quantity) !== 0);
}

/** Pods by node out of one cache, for many nodes in one process: a cache of its own for each would have every event looked at by all. */
import type { Pod } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Handler, Informer } from '../../client/informer.ts';
import type { Store } from '../../client/informer-store.ts';
import { indexers } from '../../client/informer-store.ts';

const index = 'nodeName';

export class NodePods implements Running {
  readonly #pods: Informer<Pod>;
  readonly #handlers = new Map<string, Set<Handler<Pod>>>();
  readonly #following: Running;

  /** `pods` is all pods; whoever made it stops it. */
  constructor(pods: Informer<Pod>) {
    this.#pods = pods;
    pods.addIndexer(index, indexers.nodeName);
    this.#following = pods.handle({
      add: (pod, initial) => this.#each(pod, (handler) => handler.add?.(pod, initial)),
      update: (old, pod) => {
        const isNew = old.spec.nodeName !== pod.spec.nodeName;
        this.#each(pod, (handler) => (isNew ? handler.add?.(pod, false) : handler.update?.(old, pod)));
      },
      delete: (pod) => this.#each(pod, (handler) => handler.delete?.(pod)),
    });
  }

  /** The pods of one node; stopping the result does nothing. */
  of(node: string): Informer<Pod> {
    const pods = this.#pods;
    const { store } = pods;
    const own = (): Iterable<Pod> => store.byIndex(index, node);
    const view: Store<Pod> = {
      get size() {
        return [...own()].length;
      },
      get: (key) => {
        const pod = store.get(key);
        return pod?.spec.nodeName === node ? pod : undefined;
      },
      values: own,
      byIndex: (name) => {
        throw new Error(`no index ${name}`);
      },
    };
    return {
      ref: pods.ref,
      store: view,
      synced: pods.synced,
      get hasSynced() {
        return pods.hasSynced;
      },
      get revision() {
        return pods.revision;
      },
      addIndexer: () => {
        throw new Error('views have no indexes');
      },
      handle: (handler) => this.#handle(node, handler),
      ...running(() => undefined),
    };
  }

  stop(): Promise<void> {
    return this.#following.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #handle(node: string, handler: Handler<Pod>): Running {
    if (handler.add !== undefined) for (const pod of this.#pods.store.byIndex(index, node)) handler.add(pod, true);
    const handlers = this.#handlers.get(node) ?? new Set<Handler<Pod>>();
    this.#handlers.set(node, handlers.add(handler));
    return running(() => {
      handlers.delete(handler);
      if (handlers.size === 0) this.#handlers.delete(node);
    });
  }

  #each({ spec }: Pod, call: (handler: Handler<Pod>) => void): void {
    for (const handler of this.#handlers.get(spec.nodeName ?? '') ?? []) call(handler);
  }
}

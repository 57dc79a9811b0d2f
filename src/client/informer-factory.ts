import type { Running } from '../base/lifecycle.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { ReadOptions, ResourceRef, SelectOptions } from './client.ts';
import type { Informer, InformerOptions } from './informer.ts';
import { startInformer } from './informer.ts';
import type { Cached } from './informer-store.ts';

/** One shared informer for each resource and selection; an informer starts when it is first asked for. */
export interface Informers extends Running {
  /** The shared informer. Do not stop it: the factory does. */
  of<T extends Cached>(ref: ResourceRef<T>, select?: SelectOptions): Informer<T>;
  /** The same for who looks at metadata alone: the informer of whole objects where there is one already, else one that keeps less. */
  metadata(ref: Omit<ResourceRef<unknown>, 'type'>): Informer<Cached>;
  /** Resolves when every informer asked for so far has synced. */
  readonly synced: Promise<void>;
}

export function createInformers(options: InformerOptions): Informers {
  const shared = new Map<string, Informer<unknown>>();
  const lifecycle = new Lifecycle();
  const start = <T extends Cached>(ref: ResourceRef<T>, select: ReadOptions): Informer<T> => {
    const key = keyOf(ref, select);
    const found = shared.get(key);
    if (found !== undefined) return found as Informer<T>;
    const informer = lifecycle.add(startInformer(ref, options, select));
    shared.set(key, informer as Informer<unknown>);
    return informer;
  };
  return {
    of: (ref, select = {}) => start(ref, select),
    metadata: (ref) => start<Cached>(ref, { metadataOnly: !shared.has(keyOf(ref, {})) }),
    get synced() {
      return Promise.all([...shared.values()].map((informer) => informer.synced)).then(() => undefined);
    },
    stop: () => lifecycle.stop(),
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  };
}

function keyOf<T>({ group, version, resource }: ResourceRef<T>, select: ReadOptions): string {
  const { namespace = '', labelSelector = '', fieldSelector = '', metadataOnly = false } = select;
  return JSON.stringify([group, version, resource, namespace, labelSelector, fieldSelector, metadataOnly]);
}

import type { Running } from '../base/lifecycle.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { ResourceRef, SelectOptions } from './client.ts';
import type { Informer, InformerOptions } from './informer.ts';
import { startInformer } from './informer.ts';
import type { Cached } from './informer-store.ts';

/** One shared informer for each resource and selection; an informer starts when it is first asked for. */
export interface Informers extends Running {
  /** The shared informer. Do not stop it: the factory does. */
  of<T extends Cached>(ref: ResourceRef<T>, select?: SelectOptions): Informer<T>;
  /** Resolves when every informer asked for so far has synced. */
  readonly synced: Promise<void>;
}

export function createInformers(options: InformerOptions): Informers {
  const shared = new Map<string, Informer<unknown>>();
  const lifecycle = new Lifecycle();
  return {
    of<T extends Cached>(ref: ResourceRef<T>, select: SelectOptions = {}): Informer<T> {
      const key = JSON.stringify([
        ref.group,
        ref.version,
        ref.resource,
        select.namespace ?? '',
        select.labelSelector ?? '',
        select.fieldSelector ?? '',
      ]);
      const found = shared.get(key);
      if (found !== undefined) return found as Informer<T>;
      const informer = lifecycle.add(startInformer(ref, options, select));
      shared.set(key, informer as Informer<unknown>);
      return informer;
    },
    get synced() {
      return Promise.all([...shared.values()].map((informer) => informer.synced)).then(() => undefined);
    },
    stop: () => lifecycle.stop(),
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  };
}

/** ConfigMaps and Secrets that pods of this node name, each watched by itself and only as long as a pod names it. */
import type { ConfigMap, Secret } from '../api/generated/types.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import type { Informer, InformerOptions } from '../client/informer.ts';
import { startInformer } from '../client/informer.ts';
import { joinKey } from '../client/informer-store.ts';
import { refs } from '../client/refs.ts';

export type Named = { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string };

export interface PodReferences extends Running {
  /** Undefined when it does not exist. Waits until the API was asked once. The object is watched from now on. */
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
}

export interface References extends Running {
  /** What one pod names in its namespace; `changed` is called when any of it comes, changes or goes. Stop it with the pod. */
  forPod(namespace: string, changed: () => void): PodReferences;
}

interface Watched {
  readonly informer: Informer<ConfigMap> | Informer<Secret>;
  readonly users: Set<() => void>;
}

export function createReferences(options: InformerOptions): References {
  const watched = new Map<string, Watched>();

  const open = (kind: Named['kind'], namespace: string, name: string): Watched => {
    const select = { namespace, fieldSelector: `metadata.name=${name}` };
    const users = new Set<() => void>();
    const changed = (): void => {
      for (const user of users) user();
    };
    const added = (_object: unknown, initial: boolean): void => {
      if (!initial) changed();
    };
    const handler = { add: added, update: changed, delete: changed };
    if (kind === 'Secret') {
      const informer = startInformer(refs.secrets, options, select);
      informer.handle(handler);
      return { informer, users };
    }
    const informer = startInformer(refs.configMaps, options, select);
    informer.handle(handler);
    return { informer, users };
  };

  const forPod = (namespace: string, changed: () => void): PodReferences => {
    const used = new Set<string>();
    const find = async (kind: Named['kind'], name: string): Promise<ConfigMap | Secret | undefined> => {
      const key = `${kind}/${namespace}/${name}`;
      const entry = watched.get(key) ?? open(kind, namespace, name);
      watched.set(key, entry);
      used.add(key);
      // Before the wait, so that nobody else's release stops the informer meanwhile.
      entry.users.add(changed);
      await entry.informer.synced;
      return entry.informer.store.get(joinKey(namespace, name));
    };
    const release = async (): Promise<void> => {
      for (const key of used) {
        const entry = watched.get(key);
        entry?.users.delete(changed);
        if (entry === undefined || entry.users.size > 0) continue;
        watched.delete(key);
        await entry.informer.stop();
      }
    };
    return {
      configMap: async (name) => await find('ConfigMap', name),
      secret: async (name) => await find('Secret', name),
      ...running(release),
    };
  };

  const stop = running(async () => {
    for (const { informer } of watched.values()) await informer.stop();
    watched.clear();
  });
  return { forPod, ...stop };
}

/** How many pods the controllers of some pods want: disruption/disruption.go getExpectedScale and its finders. */
import { isReason } from '../../api/errors.ts';
import type { OwnerReference, Pod } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import { parseApiVersion } from '../../api/object.ts';
import type { Client } from '../../client/client.ts';
import type { Informers } from '../../client/informer-factory.ts';
import type { Cached, Store } from '../../client/informer-store.ts';
import { joinKey } from '../../client/informer-store.ts';
import { refs } from '../../client/refs.ts';
import { controllerOf } from '../shared/owners.ts';

interface Scaled extends Cached {
  readonly spec: { readonly replicas?: number };
}

interface OwnerAndScale {
  readonly uid: string;
  readonly replicas: number;
}

export interface ExpectedScale {
  readonly replicas: number;
  /** Names of pods without a controller, which count as nothing. */
  readonly unmanaged: readonly string[];
}

export class ScaleFinder {
  readonly #client: Client;
  readonly #stores: Readonly<Record<string, Store<Scaled>>>;
  readonly synced: Promise<unknown>;

  constructor(client: Client, informers: Informers) {
    this.#client = client;
    const caches = {
      ReplicationController: informers.of(refs.replicationControllers),
      ReplicaSet: informers.of(refs.replicaSets),
      Deployment: informers.of(refs.deployments),
      StatefulSet: informers.of(refs.statefulSets),
    };
    this.#stores = Object.fromEntries(Object.entries(caches).map(([kind, { store }]) => [kind, store]));
    this.synced = Promise.all(Object.values(caches).map((cache) => cache.synced));
  }

  /** Each controller counts once. Throws when one cannot be found or scaled. */
  async expected(pods: readonly Pod[]): Promise<ExpectedScale> {
    const byUid = new Map<string, number>();
    const unmanaged: string[] = [];
    const seen = new Set<string>();
    for (const { metadata } of pods) {
      const owner = controllerOf({ metadata });
      if (owner === undefined) unmanaged.push(metadata.name);
      if (owner === undefined || seen.has(owner.uid)) continue;
      seen.add(owner.uid);
      const found = await this.#find(owner, metadata.namespace ?? '');
      if (found === undefined) throw new Error(`found no controllers for pod "${metadata.name}"`);
      byUid.set(found.uid, found.replicas);
    }
    return { replicas: [...byUid.values()].reduce((a, b) => a + b, 0), unmanaged };
  }

  async #find(owner: OwnerReference, namespace: string): Promise<OwnerAndScale | undefined> {
    const direct = this.#cached(owner, namespace);
    if (direct === undefined) return this.#scaleOf(owner, namespace);
    const parent = owner.kind === 'ReplicaSet' ? controllerOf(direct) : undefined;
    if (parent?.kind === 'Deployment') {
      const deployment = this.#cached(parent, namespace);
      return deployment === undefined ? this.#scaleOf(owner, namespace) : sizeOf(deployment);
    }
    return sizeOf(direct);
  }

  #cached({ kind, apiVersion, name, uid }: OwnerReference, namespace: string): Scaled | undefined {
    const expected = kind === 'ReplicationController' ? '' : 'apps';
    if (parseApiVersion(apiVersion)?.group !== expected) return undefined;
    const found = this.#stores[kind]?.get(joinKey(namespace, name));
    return found?.metadata.uid === uid ? found : undefined;
  }

  /** Asks the scale subresource of any other kind. */
  async #scaleOf({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Promise<OwnerAndScale | undefined> {
    const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
    const resources = await this.#client.discover();
    const resource = resources.find((one) => one.group === group && one.kind === kind && (one.version === version || version === ''));
    if (resource === undefined) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
    try {
      const scale = await this.#client.resource<KubeObject>(resource).getSubresource(namespace, name, 'scale');
      const replicas = (scale.spec as { replicas?: number } | undefined)?.replicas ?? 0;
      return scale.metadata.uid === uid ? { uid, replicas } : undefined;
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'MethodNotAllowed')) throw error;
      if (await this.#exists(resource, { namespace, name })) {
        throw new Error(`${resource.resource}.${group} does not implement the scale subresource`, { cause: error });
      }
      return undefined;
    }
  }

  async #exists(resource: Parameters<Client['resource']>[0], { namespace, name }: { namespace: string; name: string }): Promise<boolean> {
    try {
      await this.#client.resource<unknown>(resource).get(namespace, name);
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }
}

function sizeOf({ metadata, spec }: Scaled): OwnerAndScale {
  return { uid: metadata.uid, replicas: spec.replicas ?? 1 };
}

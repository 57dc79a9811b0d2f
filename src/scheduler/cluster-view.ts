/** The cluster as plugins see it: the cache's nodes, and what informers know of namespaces, Services, controllers and volumes. */
import type { Pod } from '../api/generated/types.ts';
import type { LabelMatcher, Labels } from '../api/label-selector.ts';
import { labelMatcher, mapMatcher } from '../api/label-selector.ts';
import { jsonEqual } from '../base/json-equal.ts';
import type { Running } from '../base/lifecycle.ts';
import type { Informers } from '../client/informer-factory.ts';
import { indexers, joinKey } from '../client/informer-store.ts';
import { refs } from '../client/refs.ts';
import type { SchedulerCache } from './cache.ts';
import type { Cluster, DefaultSelector } from './framework.ts';
import type { Nominator } from './nominator.ts';
import type { VolumeView } from './volume-view.ts';

export interface ClusterViewOptions {
  readonly cache: SchedulerCache;
  readonly nominator: Nominator;
  readonly informers: Informers;
  readonly volumes: VolumeView;
}

/** Stopping the second part ends what keeps the view current. */
export function clusterView({ cache, nominator, informers, volumes }: ClusterViewOptions): { cluster: Cluster; following: Running } {
  const namespaces = informers.of(refs.namespaces);
  const selectors = defaultSelectors(informers);
  let namespaceStamp = 0;
  const following = namespaces.handle({
    add: () => void (namespaceStamp += 1),
    update: (old, now) => {
      if (!jsonEqual(old.metadata.labels, now.metadata.labels)) namespaceStamp += 1;
    },
    delete: () => void (namespaceStamp += 1),
  });
  const cluster: Cluster = {
    get nodes() {
      return cache.nodes;
    },
    get slots() {
      return cache.slots;
    },
    stamps: cache.stamps,
    node: (name) => cache.node(name),
    get podsWithAffinity() {
      return cache.podsWithAffinity;
    },
    images: cache.images,
    isClaimUsed: (namespace, name) => cache.isClaimUsed(namespace, name),
    nominated: (node) => nominator.on(node),
    get hasNominated() {
      return nominator.size > 0;
    },
    namespaceLabels: (namespace) => namespaces.store.get(namespace)?.metadata.labels,
    get namespaceStamp() {
      return namespaceStamp;
    },
    defaultSelector: selectors,
    volumes,
  };
  return { cluster, following };
}

/** From Services and the controller that a pod belongs to (plugins/helper/spread.go DefaultSelector). */
function defaultSelectors(informers: Informers): (pod: Pod) => DefaultSelector | undefined {
  const services = informers.of(refs.services);
  const replicaSets = informers.of(refs.replicaSets);
  const replicationControllers = informers.of(refs.replicationControllers);
  const statefulSets = informers.of(refs.statefulSets);
  services.addIndexer('namespace', indexers.namespace);
  return (pod) => {
    const { namespace = '', labels, ownerReferences } = pod.metadata;
    const merged: Record<string, string> = {};
    for (const { spec } of services.store.byIndex('namespace', namespace))
      if (mapMatcher(spec.selector)(labels)) Object.assign(merged, spec.selector);
    const owner = ownerReferences?.find((reference) => reference.controller === true);
    const key = joinKey(namespace, owner?.name ?? '');
    const kind = `${owner?.apiVersion ?? ''} ${owner?.kind ?? ''}`;
    if (kind === 'v1 ReplicationController') Object.assign(merged, replicationControllers.store.get(key)?.spec.selector);
    const sets = kind === 'apps/v1 ReplicaSet' ? replicaSets : kind === 'apps/v1 StatefulSet' ? statefulSets : undefined;
    const set = sets?.store.get(key);
    const selector = set?.spec.selector;
    if (Object.keys(merged).length === 0 && selector === undefined) return undefined;
    // Selectors of sets cannot be changed.
    return { id: JSON.stringify([merged, set?.metadata.uid]), matches: both(merged, selector) };
  };
}

function both(merged: Labels, selector: Parameters<typeof labelMatcher>[0]): LabelMatcher {
  const pairs = Object.entries(merged);
  const more = selector === undefined ? undefined : labelMatcher(selector);
  return (labels) => pairs.every(([key, value]) => labels?.[key] === value) && (more?.(labels) ?? true);
}

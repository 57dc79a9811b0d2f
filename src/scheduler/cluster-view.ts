/** The cluster as plugins see it: the cache's nodes, and what informers know of namespaces, Services and controllers. */
import type { Pod, Service } from '../api/generated/types.ts';
import type { LabelMatcher } from '../api/label-selector.ts';
import { labelMatcher, mapMatcher } from '../api/label-selector.ts';
import type { Informers } from '../client/informer-factory.ts';
import { indexers, joinKey } from '../client/informer-store.ts';
import { refs } from '../client/refs.ts';
import type { SchedulerCache } from './cache.ts';
import type { Cluster } from './framework.ts';

export function clusterView(cache: SchedulerCache, informers: Informers): Cluster {
  const namespaces = informers.of(refs.namespaces);
  const services = informers.of(refs.services);
  const replicaSets = informers.of(refs.replicaSets);
  const replicationControllers = informers.of(refs.replicationControllers);
  const statefulSets = informers.of(refs.statefulSets);
  services.addIndexer('namespace', indexers.namespace);

  const servicesOf = (pod: Pod): readonly Service[] =>
    [...services.store.byIndex('namespace', pod.metadata.namespace ?? '')].filter((service) =>
      mapMatcher(service.spec.selector)(pod.metadata.labels),
    );

  const controllerSelector = (pod: Pod): LabelMatcher | undefined => {
    const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
    const key = joinKey(pod.metadata.namespace ?? '', owner?.name ?? '');
    if (owner?.kind === 'ReplicaSet') return matcherOf(replicaSets.store.get(key)?.spec.selector);
    if (owner?.kind === 'StatefulSet') return matcherOf(statefulSets.store.get(key)?.spec.selector);
    if (owner?.kind === 'ReplicationController') {
      const selector = replicationControllers.store.get(key)?.spec.selector;
      return selector === undefined ? undefined : mapMatcher(selector);
    }
    return undefined;
  };

  return {
    get nodes() {
      return cache.nodes;
    },
    nominated: (node) => cache.nominated(node),
    namespaceLabels: (namespace) => namespaces.store.get(namespace)?.metadata.labels,
    servicesOf,
    controllerSelector,
  };
}

function matcherOf(selector: Parameters<typeof labelMatcher>[0]): LabelMatcher | undefined {
  return selector === undefined ? undefined : labelMatcher(selector);
}

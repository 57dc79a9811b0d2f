/** Which events may help a pod that affinity kept off: interpodaffinity plugin.go. */
import type { Node, Pod } from '../../../api/generated/types.ts';
import type { ClusterEvent } from '../../cluster-events.ts';
import type { Cluster } from '../../framework.ts';
import { classOf } from '../../pod-class.ts';
import type { PodInfo } from '../../pod-info.ts';
import { matchesAll } from './affinity-table.ts';

export function podHelps(pod: PodInfo, event: ClusterEvent, cluster: Cluster): boolean {
  const old = event.old as Pod | undefined;
  const now = event.object as Pod | undefined;
  if (old !== undefined && now?.metadata.uid === pod.uid) return true;
  if ((now !== undefined && !hasPlace(now)) || (old !== undefined && !hasPlace(old))) return false;
  const { affinity, antiAffinity } = pod.class;
  if (affinity.length === 0 && antiAffinity.length === 0 && old?.spec.affinity?.podAntiAffinity === undefined) return false;
  const labels = cluster.namespaceLabels((now ?? old)?.metadata.namespace ?? '');
  const before = old === undefined ? undefined : classOf(old);
  const after = now === undefined ? undefined : classOf(now);
  const isWanted = after !== undefined && matchesAll(affinity, after, labels);
  if (before === undefined) return isWanted;
  const wasUnwanted = matchesAll(antiAffinity, before, labels);
  if (after === undefined) {
    return wasUnwanted || matchesAll(before.antiAffinity, pod.class, cluster.namespaceLabels(pod.namespace));
  }
  return (isWanted && !matchesAll(affinity, before, labels)) || (wasUnwanted && !matchesAll(antiAffinity, after, labels));
}

function hasPlace(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== '' || (pod.status.nominatedNodeName ?? '') !== '';
}

/** A new node, or one that joins, leaves or changes a domain that terms speak of. */
export function nodeHelps({ class: { affinity, antiAffinity } }: PodInfo, event: ClusterEvent): boolean {
  const old = event.old as Node | undefined;
  const { labels = {} } = (event.object as Node).metadata;
  if (old === undefined) return antiAffinity.length > 0 || affinity.some(({ topologyKey }) => topologyKey in labels);
  const { labels: before = {} } = old.metadata;
  return (
    affinity.some(({ topologyKey: key }) => key in labels && labels[key] !== before[key]) ||
    antiAffinity.some(({ topologyKey: key }) => key in before && labels[key] !== before[key])
  );
}

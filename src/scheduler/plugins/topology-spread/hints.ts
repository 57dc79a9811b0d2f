/** Which events may help a pod that constraints kept off: podtopologyspread plugin.go. */
import type { Node, Pod } from '../../../api/generated/types.ts';
import { jsonEqual } from '../../../base/json-equal.ts';
import type { ClusterEvent } from '../../cluster-events.ts';
import type { Cluster } from '../../framework.ts';
import type { PodInfo } from '../../pod-info.ts';
import type { Constraint, Defaults } from './constraints.ts';
import { selectorsOf } from './constraints.ts';

interface Input {
  readonly defaults: Defaults;
  readonly cluster: Cluster;
}

/** Whether a pod that comes, goes or changes counts for the one that waits. */
export function podHelps(pod: PodInfo, event: ClusterEvent, input: Input): boolean {
  const old = event.old as Pod | undefined;
  const now = event.object as Pod | undefined;
  if ((now !== undefined && !isInvolved(now, pod)) || (old !== undefined && !isInvolved(old, pod))) return false;
  const constraints = selectorsOf(pod.pod, input);
  const matching = (other: Pod): boolean => constraints.some(({ matches }) => matches(other.metadata.labels));
  if (old === undefined || now === undefined) return matching((now ?? old) as Pod);
  const toleratesMore = now.metadata.uid === pod.uid && !jsonEqual(old.spec.tolerations, now.spec.tolerations);
  if (toleratesMore && constraints.some(({ honorsTaints }) => honorsTaints)) return true;
  return constraints.some(({ matches }) => matches(old.metadata.labels) !== matches(now.metadata.labels));
}

function isInvolved(other: Pod, pod: PodInfo): boolean {
  if (other.metadata.uid === pod.uid) return true;
  if ((other.spec.nodeName ?? '') === '' && (other.status.nominatedNodeName ?? '') === '') return false;
  return other.metadata.namespace === pod.namespace;
}

/** Nodes that take part in the topology, or begin or cease to. */
export function nodeHelps(pod: PodInfo, event: ClusterEvent, input: Input): boolean {
  const old = event.old as Node | undefined;
  const now = event.object as Node | undefined;
  const constraints = selectorsOf(pod.pod, input);
  const before = old !== undefined && hasKeys(old, constraints);
  const after = now !== undefined && hasKeys(now, constraints);
  if (old === undefined || now === undefined) return before || after;
  if (before !== after) return true;
  const moved = constraints.some(({ topologyKey }) => old.metadata.labels?.[topologyKey] !== now.metadata.labels?.[topologyKey]);
  return after && (moved || !jsonEqual(old.spec.taints, now.spec.taints));
}

function hasKeys({ metadata: { labels = {} } }: Node, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => topologyKey in labels);
}

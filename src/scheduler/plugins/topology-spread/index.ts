/** PodTopologySpread: hard constraints filter, soft ones (and the built-in default ones) score. */
import type { TopologySpreadConstraint } from '../../../api/generated/types.ts';
import type { LabelMatcher } from '../../../api/label-selector.ts';
import { labelMatcher, mapMatcher } from '../../../api/label-selector.ts';
import type { Cluster, Plugin } from '../../framework.ts';
import { maxScore, reject, rejectForGood } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import { matchesNodeSelection } from '../../node-selector.ts';
import type { PodInfo } from '../../pod-info.ts';
import { untolerated } from '../../../api/tolerations.ts';

const hostname = 'kubernetes.io/hostname';
const mismatch = "node(s) didn't match pod topology spread constraints";

interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly matches: LabelMatcher;
  /** Names the selector for {@link NodeInfo.count}. */
  readonly id: string;
  readonly includes: (node: NodeInfo) => boolean;
}

export const topologySpread: Plugin = {
  name: 'PodTopologySpread',
  wakesOn: ['node-add', 'node-labels', 'node-taints', 'assigned-pod-add', 'assigned-pod-update', 'assigned-pod-delete'],
  preFilter(pod, cluster) {
    const constraints = own(pod, 'DoNotSchedule');
    if (constraints.length === 0) return undefined;
    const eligible = cluster.nodes.filter((node) => constraints.every(({ topologyKey }) => topologyKey in node.labels));
    const checks = constraints.map((constraint) => ({ constraint, counts: countDomains(pod, constraint, eligible) }));
    return (node) => {
      for (const { constraint, counts } of checks) {
        const domain = node.labels[constraint.topologyKey];
        if (domain === undefined) return rejectForGood(`${mismatch} (missing required label)`);
        const least = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values());
        const self = constraint.matches(pod.pod.metadata.labels) ? 1 : 0;
        if ((counts.get(domain) ?? 0) + self - (counts.size === 0 ? 0 : least) > constraint.maxSkew) return reject(mismatch);
      }
      return undefined;
    };
  },
  preScore(pod, nodes, cluster) {
    const stated = (pod.pod.spec.topologySpreadConstraints ?? []).length > 0;
    const constraints = stated ? own(pod, 'ScheduleAnyway') : defaults(pod, cluster);
    if (constraints.length === 0) return undefined;
    // Stated constraints leave nodes out that lack a topology label; default ones do not.
    const ignored = new Set(stated ? nodes.filter((node) => constraints.some(({ topologyKey }) => !(topologyKey in node.labels))) : []);
    const parts = constraints.map((constraint) =>
      softPart(pod, constraint, { nodes: nodes.filter((node) => !ignored.has(node)), all: cluster.nodes }),
    );
    return {
      score: (node) => (ignored.has(node) ? 0 : Math.round(parts.reduce((sum, part) => sum + part(node), 0))),
      normalize: (scores, scored) => normalize(scores, scored, ignored),
    };
  },
};

function own(pod: PodInfo, whenUnsatisfiable: string): Constraint[] {
  const all = pod.pod.spec.topologySpreadConstraints ?? [];
  return all.filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable).map((constraint) => compile(pod, constraint));
}

function compile(pod: PodInfo, constraint: TopologySpreadConstraint): Constraint {
  const labels = pod.pod.metadata.labels ?? {};
  const pinned = (constraint.matchLabelKeys ?? [])
    .filter((key) => key in labels)
    .map((key) => ({ key, operator: 'In', values: [labels[key] ?? ''] }));
  const selector =
    constraint.labelSelector === undefined
      ? undefined
      : { ...constraint.labelSelector, matchExpressions: [...(constraint.labelSelector.matchExpressions ?? []), ...pinned] };
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    matches: labelMatcher(selector),
    id: `spread/${pod.namespace}/${JSON.stringify(selector)}`,
    includes: (node) =>
      (constraint.nodeAffinityPolicy === 'Ignore' || matchesNodeSelection(pod, node)) &&
      (constraint.nodeTaintsPolicy !== 'Honor' ||
        untolerated(node.node?.spec.taints, pod.pod.spec.tolerations, ['NoSchedule', 'NoExecute']) === undefined),
  };
}

/** Without constraints of its own a pod is spread over hosts and zones among the pods of its Services and controller. */
function defaults(pod: PodInfo, cluster: Cluster): Constraint[] {
  const services = cluster.servicesOf(pod.pod);
  const byController = cluster.controllerSelector(pod.pod);
  if (services.length === 0 && byController === undefined) return [];
  const byService = services.map((service) => mapMatcher(service.spec.selector));
  const matches: LabelMatcher = (labels) => byService.every((matcher) => matcher(labels)) && (byController?.(labels) ?? true);
  const owner = pod.pod.metadata.ownerReferences?.find((reference) => reference.controller === true)?.uid ?? '';
  const id = `default/${pod.namespace}/${owner}/${services.map((service) => `${service.metadata.uid}.${service.metadata.resourceVersion}`).join(',')}`;
  const base = { minDomains: 1, matches, id, includes: (node: NodeInfo) => matchesNodeSelection(pod, node) };
  return [
    { ...base, topologyKey: hostname, maxSkew: 3 },
    { ...base, topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
  ];
}

function countOn(pod: PodInfo, { id, matches }: Constraint, node: NodeInfo): number {
  return node.count(
    id,
    (other) =>
      other.namespace === pod.namespace && other.pod.metadata.deletionTimestamp === undefined && matches(other.pod.metadata.labels),
  );
}

function countDomains(pod: PodInfo, constraint: Constraint, nodes: readonly NodeInfo[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const domain = node.labels[constraint.topologyKey];
    if (domain === undefined || !constraint.includes(node)) continue;
    counts.set(domain, (counts.get(domain) ?? 0) + countOn(pod, constraint, node));
  }
  return counts;
}

function softPart(
  pod: PodInfo,
  constraint: Constraint,
  over: { nodes: readonly NodeInfo[]; all: readonly NodeInfo[] },
): (node: NodeInfo) => number {
  const { topologyKey, maxSkew } = constraint;
  const value = (count: number, weight: number): number => count * weight + (maxSkew - 1);
  if (topologyKey === hostname) {
    const weight = Math.log(over.nodes.length + 2);
    return (node) => (topologyKey in node.labels ? value(countOn(pod, constraint, node), weight) : 0);
  }
  const domains = new Set(over.nodes.map((node) => node.labels[topologyKey] ?? ''));
  const weight = Math.log(domains.size + 2);
  const counts = countDomains(pod, constraint, over.all);
  return (node) => {
    const domain = node.labels[topologyKey];
    return domain === undefined ? 0 : value(counts.get(domain) ?? 0, weight);
  };
}

/** Few matching pods are good: the scale is turned around. */
function normalize(scores: number[], nodes: readonly NodeInfo[], ignored: ReadonlySet<NodeInfo>): void {
  const counted = scores.filter((_score, at) => !ignored.has(nodes[at] as NodeInfo));
  const most = Math.max(0, ...counted);
  const least = Math.min(...counted);
  for (const [at, score] of scores.entries()) {
    if (ignored.has(nodes[at] as NodeInfo)) scores[at] = 0;
    else scores[at] = most === 0 ? maxScore : Math.trunc((maxScore * (most + least - score)) / most);
  }
}

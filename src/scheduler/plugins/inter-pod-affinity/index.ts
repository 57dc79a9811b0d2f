/** InterPodAffinity: required terms of the pod and anti-affinity of the pods there filter; preferred ones score both ways. */
import type { Cluster, Plugin } from '../../framework.ts';
import { maxScore, reject, rejectForGood } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { AffinityTerm, PodInfo } from '../../pod-info.ts';

/** How much a pod's required affinity counts when others are scored (hardPodAffinityWeight). */
const hardAffinityWeight = 1;

/** Counts by topology key and value. */
class Domains {
  readonly #counts = new Map<string, number>();

  add(node: NodeInfo, key: string, amount: number): void {
    const value = node.labels[key];
    if (value === undefined) return;
    const domain = `${key}\n${value}`;
    this.#counts.set(domain, (this.#counts.get(domain) ?? 0) + amount);
  }
  get(node: NodeInfo, key: string): number {
    const value = node.labels[key];
    return value === undefined ? 0 : (this.#counts.get(`${key}\n${value}`) ?? 0);
  }
  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }
  /** The sum over every topology key the node takes part in. */
  total(node: NodeInfo): number {
    let sum = 0;
    for (const [domain, count] of this.#counts) {
      const at = domain.indexOf('\n');
      if (node.labels[domain.slice(0, at)] === domain.slice(at + 1)) sum += count;
    }
    return sum;
  }
}

export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  wakesOn: ['node-add', 'node-labels', 'assigned-pod-add', 'assigned-pod-update', 'assigned-pod-delete'],
  preFilter(pod, cluster) {
    const againstUs = existingAntiAffinity(pod, cluster);
    const { affinity, antiAffinity } = pod;
    if (againstUs.isEmpty && affinity.length === 0 && antiAffinity.length === 0) return undefined;
    const wanted = countMatching(affinity, cluster, 'all');
    const unwanted = countMatching(antiAffinity, cluster, 'each');
    const keysOfUs = pod.namespace === '' ? undefined : cluster.namespaceLabels(pod.namespace);
    // The first pod of a group may start one: its terms match nobody yet, but would match itself.
    const startsGroup = wanted.isEmpty && affinity.every((term) => term.matches(pod.pod, keysOfUs));
    return (node) => {
      const hasKeys = affinity.every((term) => term.topologyKey in node.labels);
      const near = hasKeys && (startsGroup || affinity.every((term) => wanted.get(node, term.topologyKey) > 0));
      if (!near) return rejectForGood("node(s) didn't match pod affinity rules");
      if (antiAffinity.some((term) => unwanted.get(node, term.topologyKey) > 0))
        return reject("node(s) didn't match pod anti-affinity rules");
      return againstUs.total(node) > 0 ? reject("node(s) didn't satisfy existing pods anti-affinity rules") : undefined;
    };
  },
  preScore(pod, _nodes, cluster) {
    const hasPreferences = pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0;
    const scored = cluster.nodes.filter((node) => hasPreferences || node.hasAffinity);
    if (scored.length === 0) return undefined;
    const domains = new Domains();
    for (const node of scored) for (const other of node.pods) weigh(pod, other, { node, cluster, domains });
    if (domains.isEmpty) return undefined;
    return { score: (node) => domains.total(node), normalize: spreadOut };
  },
};

/** Where pods with required anti-affinity against this one are. */
function existingAntiAffinity(pod: PodInfo, cluster: Cluster): Domains {
  const domains = new Domains();
  const labels = cluster.namespaceLabels(pod.namespace);
  for (const node of cluster.nodes) {
    if (!node.hasAffinity) continue;
    for (const other of node.pods) {
      for (const term of other.antiAffinity) if (term.matches(pod.pod, labels)) domains.add(node, term.topologyKey, 1);
    }
  }
  return domains;
}

/** Where pods are that match all of the terms together, or each on its own. */
function countMatching(terms: readonly AffinityTerm[], cluster: Cluster, how: 'all' | 'each'): Domains {
  const domains = new Domains();
  if (terms.length === 0) return domains;
  for (const node of cluster.nodes) {
    for (const other of node.pods) {
      const labels = cluster.namespaceLabels(other.namespace);
      const matching = terms.filter((term) => term.matches(other.pod, labels));
      if (how === 'all' && matching.length !== terms.length) continue;
      for (const term of matching) domains.add(node, term.topologyKey, 1);
    }
  }
  return domains;
}

function weigh(pod: PodInfo, other: PodInfo, at: { node: NodeInfo; cluster: Cluster; domains: Domains }): void {
  const { node, cluster, domains } = at;
  const ours = cluster.namespaceLabels(pod.namespace);
  const theirs = cluster.namespaceLabels(other.namespace);
  for (const term of pod.preferredAffinity) if (term.matches(other.pod, theirs)) domains.add(node, term.topologyKey, term.weight);
  for (const term of pod.preferredAntiAffinity) if (term.matches(other.pod, theirs)) domains.add(node, term.topologyKey, -term.weight);
  for (const term of other.affinity) if (term.matches(pod.pod, ours)) domains.add(node, term.topologyKey, hardAffinityWeight);
  for (const term of other.preferredAffinity) if (term.matches(pod.pod, ours)) domains.add(node, term.topologyKey, term.weight);
  for (const term of other.preferredAntiAffinity) if (term.matches(pod.pod, ours)) domains.add(node, term.topologyKey, -term.weight);
}

/** The lowest becomes 0, the highest 100. */
function spreadOut(scores: number[]): void {
  const least = Math.min(...scores);
  const range = Math.max(...scores) - least;
  for (const [at, score] of scores.entries()) scores[at] = range === 0 ? 0 : Math.trunc((maxScore * (score - least)) / range);
}

/** One scheduling decision, pure: which node for this pod, or why none. Upstream scheduler/schedule_one.go. */
import type { Cluster, NodeFilter, NodeScorer, Rejection, Weighted } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export type Decision = { readonly node: NodeInfo } | { readonly unschedulable: Diagnosis };

/** Why no node would do. */
export interface Diagnosis {
  /** How many nodes gave each reason. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Set when every node is out for one reason, found before looking at any. */
  readonly preFilter: string | undefined;
  readonly plugins: ReadonlySet<string>;
  readonly nodeCount: number;
  /** Nodes where taking pods away might help. */
  readonly resolvable: readonly NodeInfo[];
}

export interface DecideOptions {
  readonly plugins: readonly Weighted[];
  readonly cluster: Cluster;
  /** Where to start looking; moves on so that all nodes get their turn when only some are looked at. */
  readonly start: number;
  readonly random: () => number;
}

const minNodesToFind = 100;

/** How many fitting nodes are enough to choose from (numFeasibleNodesToFind). */
export function enoughNodes(all: number): number {
  if (all < minNodesToFind) return all;
  const percentage = Math.max(5, 50 - Math.trunc(all / 125));
  return Math.max(minNodesToFind, Math.trunc((all * percentage) / 100));
}

/** `looked` is how many nodes were looked at. */
export function decide(pod: PodInfo, options: DecideOptions): { decision: Decision; looked: number } {
  const { cluster, plugins } = options;
  const filters = preFilter(pod, plugins, cluster);
  if ('rejection' in filters) return { decision: { unschedulable: preFilterDiagnosis(filters, cluster) }, looked: 0 };
  const found = findNodes(pod, filters.filters, options);
  if (found.fitting.length === 0) return { decision: { unschedulable: found.diagnosis() }, looked: found.looked };
  return { decision: { node: choose(pod, found.fitting, options) }, looked: found.looked };
}

interface NamedFilter {
  readonly name: string;
  readonly filter: NodeFilter;
}

/** The filters that have a say about this pod. */
export function preFilter(
  pod: PodInfo,
  plugins: readonly Weighted[],
  cluster: Cluster,
): { filters: NamedFilter[] } | { rejection: Rejection; name: string } {
  const filters: NamedFilter[] = [];
  for (const { plugin } of plugins) {
    const filter = plugin.preFilter?.(pod, cluster);
    if (typeof filter === 'function') filters.push({ name: plugin.name, filter });
    else if (filter !== undefined) return { rejection: filter, name: plugin.name };
  }
  return { filters };
}

function preFilterDiagnosis({ rejection, name }: { rejection: Rejection; name: string }, cluster: Cluster): Diagnosis {
  return {
    reasons: new Map(),
    preFilter: rejection.reasons.join(', '),
    plugins: new Set([name]),
    nodeCount: cluster.nodes.length,
    resolvable: rejection.unresolvable ? [] : cluster.nodes,
  };
}

interface Found {
  readonly fitting: NodeInfo[];
  readonly looked: number;
  diagnosis(): Diagnosis;
}

function findNodes(pod: PodInfo, filters: readonly NamedFilter[], options: DecideOptions): Found {
  const { cluster, start } = options;
  const { nodes } = cluster;
  const enough = enoughNodes(nodes.length);
  const fitting: NodeInfo[] = [];
  const rejected: { node: NodeInfo; name: string; rejection: Rejection }[] = [];
  let looked = 0;
  for (; looked < nodes.length && fitting.length < enough; looked += 1) {
    const node = nodes[(start + looked) % nodes.length] as NodeInfo;
    const refusal = besideNominated(pod, node, options) ?? firstRefusal(filters, node);
    if (refusal === undefined) fitting.push(node);
    else rejected.push({ node, ...refusal });
  }
  const diagnosis = (): Diagnosis => {
    const reasons = new Map<string, number>();
    for (const { rejection } of rejected) for (const reason of rejection.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return {
      reasons,
      preFilter: undefined,
      plugins: new Set(rejected.map(({ name }) => name)),
      nodeCount: nodes.length,
      resolvable: rejected.filter(({ rejection }) => !rejection.unresolvable).map(({ node }) => node),
    };
  };
  return { fitting, looked, diagnosis };
}

/**
 * What keeps the pod off a node once those of at least its priority that wait for room there have come
 * (RunFilterPluginsWithNominatedPods): else it would take the room that is being made for them.
 */
export function besideNominated(
  pod: PodInfo,
  node: NodeInfo,
  { plugins, cluster }: Pick<DecideOptions, 'plugins' | 'cluster'>,
): { name: string; rejection: Rejection } | undefined {
  const coming = cluster.nominated?.(node.name).filter((other) => other.uid !== pod.uid && other.priority >= pod.priority) ?? [];
  if (coming.length === 0) return undefined;
  const crowded = node.clone();
  for (const other of coming) crowded.add(other);
  const nodes = cluster.nodes.map((other) => (other.name === node.name ? crowded : other));
  const filters = preFilter(pod, plugins, { ...cluster, nodes });
  return 'filters' in filters ? firstRefusal(filters.filters, crowded) : filters;
}

/** The first filter that refuses the node. */
export function firstRefusal(filters: readonly NamedFilter[], node: NodeInfo): { name: string; rejection: Rejection } | undefined {
  for (const { name, filter } of filters) {
    const rejection = filter(node);
    if (rejection !== undefined) return { name, rejection };
  }
  return undefined;
}

/** The node with the highest weighted score; among equals a random one. */
function choose(pod: PodInfo, nodes: readonly NodeInfo[], { plugins, cluster, random }: DecideOptions): NodeInfo {
  const [only] = nodes;
  if (nodes.length === 1 && only !== undefined) return only;
  const totals = new Array<number>(nodes.length).fill(0);
  for (const { plugin, weight } of plugins) {
    const scorer = plugin.preScore?.(pod, nodes, cluster);
    if (scorer === undefined) continue;
    const scores = scoresOf(scorer, nodes);
    for (const [at, score] of scores.entries()) totals[at] = (totals[at] ?? 0) + score * weight;
  }
  const best = Math.max(...totals);
  const winners = nodes.filter((_node, at) => totals[at] === best);
  return winners[Math.floor(random() * winners.length)] as NodeInfo;
}

function scoresOf(scorer: NodeScorer, nodes: readonly NodeInfo[]): number[] {
  const scores = nodes.map((node) => scorer.score(node));
  scorer.normalize?.(scores, nodes);
  return scores;
}

/** The text of condition and event: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. ...`. */
export function describe(diagnosis: Diagnosis, postFilter: string): string {
  if (diagnosis.nodeCount === 0) return 'no nodes available to schedule pods';
  const counted = [...diagnosis.reasons].map(([reason, count]) => `${String(count)} ${reason}`).sort();
  const why = diagnosis.preFilter ?? counted.join(', ');
  return `0/${String(diagnosis.nodeCount)} nodes are available:${why === '' ? '' : ` ${why}.`}${postFilter === '' ? '' : ` ${postFilter}`}`;
}

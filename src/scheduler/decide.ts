/** One scheduling decision: which node for this pod, or why none (scheduler/schedule_one.go). Reads the cluster, changes nothing. */
import { RecentMap } from '../base/recent-map.ts';
import type { Diagnosis, Refusal } from './diagnosis.ts';
import { noReason } from './diagnosis.ts';
import type { Cluster, NodeFilter, PreFilterResult, Rejection, TrialFilter } from './framework.ts';
import { rejectForGood } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { NodeTable, localPrefix } from './node-table.ts';
import type { PodClass } from './pod-class.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';

export type Decision = { readonly node: NodeInfo } | { readonly unschedulable: Diagnosis; readonly filters: PodFilters };

/** Where to start looking; moves on so that all nodes get their turn when only some are looked at. Shared by all profiles. */
export interface Turn {
  start: number;
}

export interface NamedFilter {
  readonly plugin: string;
  readonly filter: NodeFilter;
}

/** Everything that has a say about one pod on a node. */
export interface PodFilters {
  readonly table: NodeTable;
  /** Those that come after the table's. */
  readonly others: readonly NamedFilter[];
}

/** The same for trying out other pods on a node. */
export interface TrialFilters {
  readonly table: NodeTable;
  readonly others: readonly { readonly plugin: string; readonly filter: NodeFilter | TrialFilter }[];
}

interface Before {
  readonly filters: PodFilters;
  /** Undefined: all. */
  readonly nodes: ReadonlySet<string> | undefined;
  readonly restricting: readonly string[];
  readonly refusal: Refusal | undefined;
}

const minNodesToFind = 100;
const minPercentage = 5;
/** Classes whose answers are kept. */
const maxTables = 64;

/** How many fitting nodes are enough to choose from (numFeasibleNodesToFind). */
export function enoughNodes(all: number, percentageOfNodesToScore = 0): number {
  if (all < minNodesToFind) return all;
  const adaptive = Math.max(minPercentage, 50 - Math.trunc(all / 125));
  const percentage = percentageOfNodesToScore === 0 ? adaptive : percentageOfNodesToScore;
  return Math.max(minNodesToFind, Math.trunc((all * percentage) / 100));
}

export interface DeciderOptions {
  readonly profile: Profile;
  readonly cluster: Cluster;
  readonly turn: Turn;
  /** For choosing among equal nodes. */
  readonly random: () => number;
}

export class Decider {
  readonly #options: DeciderOptions;
  readonly #tables = new RecentMap<PodClass, NodeTable>(maxTables);
  readonly #prefix: number;

  constructor(options: DeciderOptions) {
    this.#options = options;
    this.#prefix = localPrefix(options.profile);
  }

  /** Throws when a plugin cannot tell. */
  decide(pod: PodInfo): Decision {
    const { cluster } = this.#options;
    const before = this.#preFilter(pod);
    const { filters, refusal } = before;
    if (refusal !== undefined) return { unschedulable: preFilterDiagnosis(refusal, before, cluster), filters };
    const nominated = cluster.node(pod.pod.status.nominatedNodeName ?? '');
    if (nominated !== undefined && fits(pod, nominated, filters, cluster) === undefined) return { node: nominated };
    const found = this.#findNodes(pod, before);
    const [only] = found.fitting;
    if (only === undefined) return { unschedulable: filterDiagnosis(found.refusals, before, cluster), filters };
    return { node: found.fitting.length === 1 ? only : this.#choose(pod, found.fitting, filters.table) };
  }

  /** What has a say about the pod on any node. */
  filtersOf(pod: PodInfo): PodFilters {
    return this.#preFilter(pod).filters;
  }

  #preFilter(pod: PodInfo): Before {
    const { profile, cluster } = this.#options;
    const table = this.#table(pod.class);
    const results = new Map<string, PreFilterResult>();
    const restricting: string[] = [];
    let nodes: ReadonlySet<string> | undefined;
    let refusal: Refusal | undefined;
    for (const plugin of profile.preFilter) {
      const result = plugin.preFilter?.(pod, cluster);
      if (result === undefined) continue;
      results.set(plugin.name, result);
      if (result.rejection !== undefined) {
        refusal = { plugin: plugin.name, rejection: result.rejection };
        if (result.rejection.unresolvable) break;
      }
      if (result.nodes === undefined) continue;
      restricting.push(plugin.name);
      nodes = nodes === undefined ? result.nodes : nodes.intersection(result.nodes);
      if (nodes.size > 0) continue;
      refusal = { plugin: '', rejection: rejectForGood(nobodyLeft(restricting)) };
      break;
    }
    const others: NamedFilter[] = [];
    for (const plugin of profile.filter.slice(this.#prefix)) {
      const local = plugin.localFilter?.(pod.class);
      if (local !== undefined) others.push({ plugin: plugin.name, filter: { filter: local } });
      const filter = results.get(plugin.name)?.filter;
      if (filter !== undefined) others.push({ plugin: plugin.name, filter });
    }
    return { filters: { table, others }, nodes, restricting, refusal };
  }

  #table(podClass: PodClass): NodeTable {
    const { profile, cluster } = this.#options;
    let table = this.#tables.get(podClass);
    if (table === undefined) this.#tables.set(podClass, (table = new NodeTable(podClass, profile, cluster.stamps)));
    return table;
  }

  #findNodes(pod: PodInfo, { filters, nodes: names }: Before): { fitting: NodeInfo[]; refusals: Map<NodeInfo, Refusal> } {
    const { cluster, turn, profile } = this.#options;
    const all = names === undefined ? cluster.nodes : [...names].flatMap((name) => cluster.node(name) ?? []);
    const enough = profile.score.length === 0 ? 1 : enoughNodes(all.length, profile.percentageOfNodesToScore);
    const fitting: NodeInfo[] = [];
    const refusals = new Map<NodeInfo, Refusal>();
    let looked = 0;
    for (let at = turn.start % Math.max(1, all.length); looked < all.length && fitting.length < enough; looked += 1) {
      const node = all[at] as NodeInfo;
      const refusal = fits(pod, node, filters, cluster);
      if (refusal === undefined) fitting.push(node);
      else refusals.set(node, refusal);
      at = at + 1 === all.length ? 0 : at + 1;
    }
    turn.start = (turn.start + looked) % cluster.nodes.length;
    return { fitting, refusals };
  }

  /** The node with the highest weighted score; among equals a random one. */
  #choose(pod: PodInfo, nodes: readonly NodeInfo[], table: NodeTable): NodeInfo {
    const { profile, cluster, random } = this.#options;
    const totals = nodes.map((node) => table.score(node));
    const add = (scores: readonly number[], weight: number): void => {
      for (let at = 0; at < totals.length; at += 1) totals[at] = (totals[at] ?? 0) + (scores[at] ?? 0) * weight;
    };
    for (const [at, { scorer, weight }] of table.normalized.entries()) {
      const scores = nodes.map((node) => table.raw(at, node));
      scorer.normalize?.(scores, nodes);
      add(scores, weight);
    }
    for (const { plugin, weight } of profile.score) {
      const scorer = plugin.preScore?.(pod, nodes, cluster);
      if (scorer === undefined) continue;
      const scores = nodes.map((node) => scorer.score(node));
      scorer.normalize?.(scores, nodes);
      add(scores, weight);
    }
    return pickBest(nodes, totals, random);
  }
}

function pickBest(nodes: readonly NodeInfo[], totals: readonly number[], random: () => number): NodeInfo {
  let best = -Infinity;
  let winners: number[] = [];
  for (let at = 0; at < totals.length; at += 1) {
    const total = totals[at] ?? 0;
    if (total < best) continue;
    if (total > best) winners = [];
    best = total;
    winners.push(at);
  }
  return nodes[winners[Math.floor(random() * winners.length)] ?? 0] as NodeInfo;
}

/** The first refusal of a node, also as if the pods that room is being made for there had come; undefined: the pod fits. */
export function fits(pod: PodInfo, node: NodeInfo, filters: PodFilters, cluster: Cluster): Refusal | undefined {
  if (cluster.hasNominated) {
    const coming = comingPods(pod, node, cluster);
    if (coming.length > 0) {
      const refusal = tryWith(coming, node, trial(filters));
      if (refusal !== undefined) return refusal;
    }
  }
  return filters.table.verdict(node) ?? firstRefusal(filters.others, node);
}

/**
 * The same on a node that is only tried out (RunFilterPluginsWithNominatedPods): it must do with and without those that room
 * is being made for, else the pod would take that room, or count on pods that may never come.
 */
export function fitsTrial(pod: PodInfo, node: NodeInfo, filters: TrialFilters, cluster: Cluster): Refusal | undefined {
  const coming = cluster.hasNominated ? comingPods(pod, node, cluster) : [];
  if (coming.length > 0) {
    const refusal = tryWith(coming, node, filters);
    if (refusal !== undefined) return refusal;
  }
  return filters.table.refusal(node) ?? firstRefusal(filters.others, node);
}

/** Filters that pods can be placed in without touching the given ones. */
export function trial({ table, others }: PodFilters): TrialFilters {
  return { table, others: others.map(({ plugin, filter }) => ({ plugin, filter: filter.fork?.() ?? filter })) };
}

/** Moves a pod to or from the node tried out, in the eyes of all filters. */
export function place(filters: TrialFilters, pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
  if (sign === 1) node.add(pod);
  else node.remove(pod.uid);
  for (const { filter } of filters.others) if ('place' in filter) filter.place(pod, node, sign);
}

function comingPods(pod: PodInfo, node: NodeInfo, cluster: Cluster): readonly PodInfo[] {
  return cluster.nominated(node.name).filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
}

function tryWith(coming: readonly PodInfo[], node: NodeInfo, filters: TrialFilters): Refusal | undefined {
  const crowded = node.clone();
  for (const other of coming) place(filters, other, crowded, 1);
  const refusal = filters.table.refusal(crowded) ?? firstRefusal(filters.others, crowded);
  for (const other of coming) place(filters, other, crowded, -1);
  return refusal;
}

function firstRefusal(filters: readonly NamedFilter[], node: NodeInfo): Refusal | undefined {
  for (const { plugin, filter } of filters) {
    const rejection = filter.filter(node);
    if (rejection !== undefined) return { plugin, rejection };
  }
  return undefined;
}

function nobodyLeft(plugins: readonly string[]): string {
  const [only = ''] = plugins;
  if (plugins.length === 1) return `node(s) didn't satisfy plugin ${only}`;
  return `node(s) didn't satisfy plugin(s) [${plugins.toSorted().join(' ')}] simultaneously`;
}

function preFilterDiagnosis({ plugin, rejection }: Refusal, { restricting }: Before, { nodes }: Cluster): Diagnosis {
  const plugins = new Set(plugin === '' ? restricting : [plugin]);
  return { nodes, refusals: new Map(), absent: rejection, preFilter: rejection.reasons.join(', '), plugins };
}

function filterDiagnosis(refusals: ReadonlyMap<NodeInfo, Refusal>, { restricting }: Before, { nodes }: Cluster): Diagnosis {
  const absent: Rejection =
    restricting.length === 0 ? noReason : rejectForGood(`node(s) didn't satisfy plugin(s) [${restricting.toSorted().join(' ')}]`);
  const plugins = new Set(restricting);
  for (const { plugin } of refusals.values()) plugins.add(plugin);
  return { nodes, refusals, absent, preFilter: undefined, plugins };
}

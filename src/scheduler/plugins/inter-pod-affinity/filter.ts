/** Required affinity and anti-affinity, the pod's own and that of the pods there: interpodaffinity filtering.go. */
import type { Cluster, Rejection, TrialFilter } from '../../framework.ts';
import { reject, rejectForGood } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { PodClass } from '../../pod-class.ts';
import type { PodInfo } from '../../pod-info.ts';
import type { AffinityTable, Sums } from './affinity-table.ts';
import { matchesAll } from './affinity-table.ts';

const noAffinity = rejectForGood("node(s) didn't match pod affinity rules");
const antiAffinity = reject("node(s) didn't match pod anti-affinity rules");
const againstPod = reject("node(s) didn't satisfy existing pods anti-affinity rules");

type Kind = 'against' | 'wanted' | 'unwanted';
const nothing: Sums = { against: 0, wanted: 0, unwanted: 0, score: 0 };

export class AffinityFilter implements TrialFilter {
  readonly #table: AffinityTable;
  readonly #podClass: PodClass;
  readonly #cluster: Cluster;
  /** What was placed while trying, by topology key and value. */
  readonly #placed = new Map<string, Map<string, Sums>>();
  readonly #total: Sums = { ...nothing };

  constructor(table: AffinityTable, podClass: PodClass, cluster: Cluster) {
    this.#table = table;
    this.#podClass = podClass;
    this.#cluster = cluster;
  }

  fork(): AffinityFilter {
    return new AffinityFilter(this.#table, this.#podClass, this.#cluster);
  }

  filter(node: NodeInfo): Rejection | undefined {
    if (!this.#isNear(node)) return noAffinity;
    if (this.#any(this.#podClass.antiAffinity, node, 'unwanted')) return antiAffinity;
    return this.#isUnwelcome(node) ? againstPod : undefined;
  }

  place(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    for (const effect of this.#table.effectsOf(pod.class, this.#cluster)) {
      const value = node.labels[effect.topologyKey];
      if (value === undefined) continue;
      let values = this.#placed.get(effect.topologyKey);
      if (values === undefined) this.#placed.set(effect.topologyKey, (values = new Map<string, Sums>()));
      let sums = values.get(value);
      if (sums === undefined) values.set(value, (sums = { ...nothing }));
      for (const kind of ['against', 'wanted', 'unwanted'] as const) {
        sums[kind] += sign * effect[kind];
        this.#total[kind] += sign * effect[kind];
      }
    }
  }

  #count(key: string, value: string, kind: Kind): number {
    return (this.#table.sums(key, value)?.[kind] ?? 0) + (this.#placed.get(key)?.get(value)?.[kind] ?? 0);
  }

  #any(terms: readonly { readonly topologyKey: string }[], node: NodeInfo, kind: Kind): boolean {
    for (const { topologyKey } of terms) {
      const value = node.labels[topologyKey];
      if (value !== undefined && this.#count(topologyKey, value, kind) > 0) return true;
    }
    return false;
  }

  #isNear(node: NodeInfo): boolean {
    const { affinity, namespace } = this.#podClass;
    let isThere = true;
    for (const { topologyKey } of affinity) {
      const value = node.labels[topologyKey];
      if (value === undefined) return false;
      if (this.#count(topologyKey, value, 'wanted') <= 0) isThere = false;
    }
    if (isThere) return true;
    // The first pod of a group may start one: its terms match nobody yet, but would match itself.
    const isAlone = this.#table.total.wanted + this.#total.wanted === 0;
    return isAlone && matchesAll(affinity, this.#podClass, this.#cluster.namespaceLabels(namespace));
  }

  #isUnwelcome(node: NodeInfo): boolean {
    if (this.#table.total.against + this.#total.against === 0) return false;
    for (const keys of [this.#table.keys(), this.#placed.keys()]) {
      for (const key of keys) {
        const value = node.labels[key];
        if (value !== undefined && this.#count(key, value, 'against') > 0) return true;
      }
    }
    return false;
  }
}

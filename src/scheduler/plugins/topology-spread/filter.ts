/** The skew a pod would make: podtopologyspread filtering.go. */
import type { Rejection, TrialFilter } from '../../framework.ts';
import { reject, rejectForGood } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { PodClass } from '../../pod-class.ts';
import type { PodInfo } from '../../pod-info.ts';
import type { Counts, SpreadTable } from './spread-table.ts';

const mismatch = reject("node(s) didn't match pod topology spread constraints");
const missingLabel = rejectForGood("node(s) didn't match pod topology spread constraints (missing required label)");

export class SpreadFilter implements TrialFilter {
  readonly #table: SpreadTable;
  readonly #podClass: PodClass;
  readonly #self: readonly number[];
  /** What was placed while trying, by constraint and domain. */
  readonly #placed: readonly Map<string, number>[];
  #least: (number | undefined)[] = [];

  constructor(table: SpreadTable, podClass: PodClass) {
    this.#table = table;
    this.#podClass = podClass;
    this.#self = table.counts.map(({ constraint }) => (constraint.matches(podClass.labels) ? 1 : 0));
    this.#placed = table.counts.map(() => new Map<string, number>());
  }

  fork(): SpreadFilter {
    return new SpreadFilter(this.#table, this.#podClass);
  }

  filter(node: NodeInfo): Rejection | undefined {
    const { counts } = this.#table;
    for (let at = 0; at < counts.length; at += 1) {
      const one = counts[at] as Counts;
      const value = node.labels[one.constraint.topologyKey];
      if (value === undefined) return missingLabel;
      const there = (one.domainOf(node.slot)?.count ?? one.domains.get(value)?.count ?? 0) + (this.#placed[at]?.get(value) ?? 0);
      if (there + (this.#self[at] ?? 0) - this.#leastOf(at, one) > one.constraint.maxSkew) return mismatch;
    }
    return undefined;
  }

  place(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    const matching = this.#table.matching(pod.class);
    if (matching === undefined || !this.#table.hasKeys(node)) return;
    for (const [at, { constraint }] of this.#table.counts.entries()) {
      if (matching[at] !== true || !constraint.includes(node)) continue;
      const value = node.labels[constraint.topologyKey] ?? '';
      const placed = this.#placed[at];
      placed?.set(value, (placed.get(value) ?? 0) + sign);
      this.#least[at] = undefined;
    }
  }

  /** Pods in the emptiest domain; none at all when there are fewer domains than there should be. */
  #leastOf(at: number, { constraint, domains }: Counts): number {
    const known = this.#least[at];
    if (known !== undefined) return known;
    let least = domains.size === 0 ? 2 ** 31 - 1 : Infinity;
    if (domains.size < constraint.minDomains) least = 0;
    else {
      const placed = this.#placed[at];
      for (const { value, count } of domains.values()) least = Math.min(least, count + (placed?.get(value) ?? 0));
    }
    this.#least[at] = least;
    return least;
  }
}

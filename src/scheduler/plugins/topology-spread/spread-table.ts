/** How many matching pods there are in each domain, kept up to date where nodes change. */
import type { Cluster } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { PodClass } from '../../pod-class.ts';
import type { Constraint, Constraints } from './constraints.ts';

/** All nodes with one value of a topology key. */
export interface Domain {
  readonly value: string;
  /** Matching pods. */
  count: number;
  nodes: number;
}

interface Counted {
  readonly domain: Domain;
  readonly count: number;
}

/** One constraint over the whole cluster. */
export class Counts {
  readonly constraint: Constraint;
  readonly domains = new Map<string, Domain>();
  /** By slot; undefined where the node does not count. */
  readonly #counted: (Counted | undefined)[] = [];
  /** By slot: matching pods, whether or not the node counts. */
  readonly own: number[] = [];

  constructor(constraint: Constraint) {
    this.constraint = constraint;
  }

  domainOf(slot: number): Domain | undefined {
    return this.#counted[slot]?.domain;
  }

  set(slot: number, node: NodeInfo | undefined, matching: number): void {
    this.#remove(slot);
    this.own[slot] = matching;
    if (node === undefined) return;
    const value = node.labels[this.constraint.topologyKey] ?? '';
    let domain = this.domains.get(value);
    if (domain === undefined) this.domains.set(value, (domain = { value, count: 0, nodes: 0 }));
    domain.count += matching;
    domain.nodes += 1;
    this.#counted[slot] = { domain, count: matching };
  }

  #remove(slot: number): void {
    const old = this.#counted[slot];
    if (old === undefined) return;
    this.#counted[slot] = undefined;
    old.domain.count -= old.count;
    old.domain.nodes -= 1;
    if (old.domain.nodes === 0) this.domains.delete(old.domain.value);
  }
}

export class SpreadTable {
  readonly id: string;
  readonly counts: readonly Counts[];
  readonly #needsAllKeys: boolean;
  readonly #podClass: PodClass;
  readonly #matches: WeakMap<PodClass, readonly boolean[]> = new WeakMap();
  #seen = new Float64Array(0);

  constructor(podClass: PodClass, constraints: Constraints) {
    this.id = constraints.id;
    this.counts = constraints.compile().map((constraint) => new Counts(constraint));
    this.#needsAllKeys = constraints.needsAllKeys;
    this.#podClass = podClass;
  }

  /** Looks at the nodes that changed since the last time. */
  refresh({ slots, stamps }: Cluster): void {
    const { values } = stamps;
    if (this.#seen.length < slots.length) {
      const more = new Float64Array(values.length);
      more.set(this.#seen);
      this.#seen = more;
    }
    const seen = this.#seen;
    for (let slot = 0; slot < slots.length; slot += 1) {
      if (seen[slot] === values[slot]) continue;
      seen[slot] = values[slot] ?? 0;
      const node = slots[slot];
      this.#update(slot, node?.node === undefined ? undefined : node);
    }
  }

  /** Whether the node has every topology key that it has to. */
  hasKeys(node: NodeInfo): boolean {
    return !this.#needsAllKeys || this.counts.every(({ constraint }) => constraint.topologyKey in node.labels);
  }

  /** Whether pods of the other class count, by constraint; undefined: for none. */
  matching(other: PodClass): readonly boolean[] | undefined {
    if (other.namespace !== this.#podClass.namespace || other.terminating) return undefined;
    let known = this.#matches.get(other);
    if (known === undefined) {
      known = this.counts.map(({ constraint }) => !constraint.isEmpty && constraint.matches(other.labels));
      this.#matches.set(other, known);
    }
    return known;
  }

  #update(slot: number, node: NodeInfo | undefined): void {
    const sums = this.counts.map(() => 0);
    if (node !== undefined) {
      for (const [podClass, count] of node.classes) {
        const matching = this.matching(podClass);
        if (matching === undefined) continue;
        for (let at = 0; at < sums.length; at += 1) if (matching[at] === true) sums[at] = (sums[at] ?? 0) + count;
      }
    }
    const eligible = node !== undefined && this.hasKeys(node);
    for (const [at, counts] of this.counts.entries())
      counts.set(slot, eligible && counts.constraint.includes(node) ? node : undefined, sums[at] ?? 0);
  }
}

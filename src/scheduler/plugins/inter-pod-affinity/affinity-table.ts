/**
 * What the pods of the cluster and the terms of one class of pods mean to each other, by topology key and value, kept up to
 * date where nodes change: interpodaffinity filtering.go and scoring.go.
 */
import type { Cluster } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { AffinityTerm, PodClass } from '../../pod-class.ts';

/** Sums over the pods in one domain (all nodes with one value of a topology key). */
export interface Sums {
  /** Pods whose required anti-affinity speaks against the class. */
  against: number;
  /** Pods that match all required terms of the class. */
  wanted: number;
  /** Pods that match a required anti-affinity term of the class. */
  unwanted: number;
  /** Preferences, both ways. */
  score: number;
}

/** What one pod adds to the domain it is in. */
interface Effect extends Readonly<Sums> {
  readonly topologyKey: string;
}

interface Contribution {
  readonly sums: Sums;
  readonly effect: Effect;
  readonly times: number;
}

export interface AffinityArgs {
  /** How much a pod's required affinity counts when others are scored. */
  readonly hardPodAffinityWeight: number;
  /** Preferences of pods that are there count only for pods that have some themselves. */
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

const none: readonly Effect[] = [];

export class AffinityTable {
  readonly #podClass: PodClass;
  readonly #args: AffinityArgs;
  readonly namespaceStamp: number;
  /** By topology key and value. */
  readonly #domains = new Map<string, Map<string, Sums>>();
  readonly #contributions: (readonly Contribution[] | undefined)[] = [];
  readonly #effects = new WeakMap<PodClass, readonly Effect[]>();
  #seen = new Float64Array(0);
  /** Sums over everything, to tell whether there is anything at all. */
  readonly total: Sums = { against: 0, wanted: 0, unwanted: 0, score: 0 };
  #scored = 0;

  constructor(podClass: PodClass, args: AffinityArgs, namespaceStamp: number) {
    this.#podClass = podClass;
    this.#args = args;
    this.namespaceStamp = namespaceStamp;
  }

  /** Whether there are preferences of any pod for or against the class. */
  get hasScores(): boolean {
    return this.#scored > 0;
  }

  keys(): Iterable<string> {
    return this.#domains.keys();
  }

  sums(topologyKey: string, value: string): Sums | undefined {
    return this.#domains.get(topologyKey)?.get(value);
  }

  score(node: NodeInfo): number {
    let score = 0;
    for (const [key, values] of this.#domains) {
      const value = node.labels[key];
      if (value !== undefined) score += values.get(value)?.score ?? 0;
    }
    return score;
  }

  /** Looks at the nodes that changed since the last time. */
  refresh(cluster: Cluster): void {
    const { slots, stamps } = cluster;
    if (this.#seen.length < slots.length) {
      const more = new Float64Array(stamps.values.length);
      more.set(this.#seen);
      this.#seen = more;
    }
    for (let slot = 0; slot < slots.length; slot += 1) {
      if (this.#seen[slot] === stamps.values[slot]) continue;
      this.#seen[slot] = stamps.values[slot] ?? 0;
      for (const contribution of this.#contributions[slot] ?? []) this.#apply(contribution, -1);
      const node = slots[slot];
      const contributions = node?.node === undefined ? [] : this.#contributionsOf(node, cluster);
      this.#contributions[slot] = contributions;
      for (const contribution of contributions) this.#apply(contribution, 1);
    }
  }

  /** What one pod of another class means to this one. */
  effectsOf(other: PodClass, cluster: Cluster): readonly Effect[] {
    if (!other.hasAffinity && !this.#podClass.hasAffinity) return none;
    let effects = this.#effects.get(other);
    if (effects === undefined) this.#effects.set(other, (effects = effectsBetween(this.#podClass, other, { args: this.#args, cluster })));
    return effects;
  }

  #contributionsOf(node: NodeInfo, cluster: Cluster): Contribution[] {
    const found: Contribution[] = [];
    for (const [other, times] of node.classes) {
      for (const effect of this.effectsOf(other, cluster)) {
        const value = node.labels[effect.topologyKey];
        if (value !== undefined) found.push({ sums: this.#domain(effect.topologyKey, value), effect, times });
      }
    }
    return found;
  }

  #domain(key: string, value: string): Sums {
    let values = this.#domains.get(key);
    if (values === undefined) this.#domains.set(key, (values = new Map<string, Sums>()));
    let sums = values.get(value);
    if (sums === undefined) values.set(value, (sums = { against: 0, wanted: 0, unwanted: 0, score: 0 }));
    return sums;
  }

  #apply({ sums, effect, times }: Contribution, sign: 1 | -1): void {
    const factor = sign * times;
    for (const each of [sums, this.total]) {
      each.against += factor * effect.against;
      each.wanted += factor * effect.wanted;
      each.unwanted += factor * effect.unwanted;
      each.score += factor * effect.score;
    }
    if (effect.score !== 0) this.#scored += sign;
  }
}

function effectsBetween(ours: PodClass, theirs: PodClass, { args, cluster }: { args: AffinityArgs; cluster: Cluster }): readonly Effect[] {
  const ourLabels = cluster.namespaceLabels(ours.namespace);
  const theirLabels = cluster.namespaceLabels(theirs.namespace);
  const byKey = new Map<string, Effect>();
  const add = (terms: readonly AffinityTerm[], of: 'ours' | 'theirs', what: (term: AffinityTerm) => Partial<Sums>): void => {
    for (const term of terms) {
      const matches = of === 'ours' ? term.matches(theirs, theirLabels) : term.matches(ours, ourLabels);
      if (!matches) continue;
      const { topologyKey } = term;
      const known = byKey.get(topologyKey) ?? { topologyKey, against: 0, wanted: 0, unwanted: 0, score: 0 };
      const { against = 0, wanted = 0, unwanted = 0, score = 0 } = what(term);
      byKey.set(topologyKey, {
        topologyKey,
        against: known.against + against,
        wanted: known.wanted + wanted,
        unwanted: known.unwanted + unwanted,
        score: known.score + score,
      });
    }
  };
  add(theirs.antiAffinity, 'theirs', () => ({ against: 1 }));
  if (matchesAll(ours.affinity, theirs, theirLabels)) add(ours.affinity, 'ours', () => ({ wanted: 1 }));
  add(ours.antiAffinity, 'ours', () => ({ unwanted: 1 }));
  const judges = ours.preferredAffinity.length + ours.preferredAntiAffinity.length > 0;
  if (judges || !args.ignorePreferredTermsOfExistingPods) {
    add(ours.preferredAffinity, 'ours', ({ weight }) => ({ score: weight }));
    add(ours.preferredAntiAffinity, 'ours', ({ weight }) => ({ score: -weight }));
    add(theirs.affinity, 'theirs', () => ({ score: args.hardPodAffinityWeight }));
    add(theirs.preferredAffinity, 'theirs', ({ weight }) => ({ score: weight }));
    add(theirs.preferredAntiAffinity, 'theirs', ({ weight }) => ({ score: -weight }));
  }
  return byKey.size === 0 ? none : [...byKey.values()];
}

/** Whether a pod matches all terms; false when there are none. */
export function matchesAll(
  terms: readonly AffinityTerm[],
  pod: PodClass,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): boolean {
  return terms.length > 0 && terms.every((term) => term.matches(pod, namespaceLabels));
}

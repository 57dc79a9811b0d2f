/** What local filters and scorers say of nodes for one class of pods, remembered until a node changes. */
import type { Refusal } from './diagnosis.ts';
import type { LocalFilter, NodeScorer } from './framework.ts';
import type { NodeInfo, Stamps } from './node-info.ts';
import type { PodClass } from './pod-class.ts';
import type { Profile } from './profile.ts';

interface WeightedScorer {
  readonly weight: number;
  readonly scorer: NodeScorer;
}

/** How many filters at the start of a profile's list are local: only their first refusal can be remembered as the first of all. */
export function localPrefix({ filter }: Profile): number {
  const at = filter.findIndex((plugin) => plugin.localFilter === undefined);
  return at < 0 ? filter.length : at;
}

export class NodeTable {
  readonly #stamps: Stamps;
  readonly #filters: readonly { readonly plugin: string; readonly filter: LocalFilter }[];
  readonly #plain: readonly WeightedScorer[];
  /** Those whose scores are set against each other before they count. */
  readonly normalized: readonly WeightedScorer[];
  readonly #verdicts: (Refusal | undefined)[] = [];
  readonly #sums: number[] = [];
  readonly #raw: number[][];
  #filteredAt = new Float64Array(0);
  #scoredAt = new Float64Array(0);

  constructor(podClass: PodClass, profile: Profile, stamps: Stamps) {
    this.#stamps = stamps;
    this.#filters = profile.filter.slice(0, localPrefix(profile)).flatMap((plugin) => {
      const filter = plugin.localFilter?.(podClass);
      return filter === undefined ? [] : [{ plugin: plugin.name, filter }];
    });
    const scorers = profile.score.flatMap(({ plugin, weight }) => {
      const scorer = plugin.localScore?.(podClass);
      return scorer === undefined ? [] : [{ weight, scorer }];
    });
    this.#plain = scorers.filter(({ scorer }) => scorer.normalize === undefined);
    this.normalized = scorers.filter(({ scorer }) => scorer.normalize !== undefined);
    this.#raw = this.normalized.map(() => []);
  }

  /** The first refusal of a node, now. */
  refusal(node: NodeInfo): Refusal | undefined {
    for (const { plugin, filter } of this.#filters) {
      const rejection = filter(node);
      if (rejection !== undefined) return { plugin, rejection };
    }
    return undefined;
  }

  /** The same, remembered; `node` must be the cache's own. */
  verdict(node: NodeInfo): Refusal | undefined {
    const { slot } = node;
    const stamp = this.#stamps.values[slot] ?? 0;
    if (this.#filteredAt[slot] !== stamp) {
      if (slot >= this.#filteredAt.length) this.#filteredAt = this.#grown(this.#filteredAt);
      this.#filteredAt[slot] = stamp;
      this.#verdicts[slot] = this.refusal(node);
    }
    return this.#verdicts[slot];
  }

  /** The weighted sum of the scores that need no normalizing. */
  score(node: NodeInfo): number {
    this.#refreshScores(node);
    return this.#sums[node.slot] ?? 0;
  }

  /** The raw score by one of {@link normalized}. */
  raw(at: number, node: NodeInfo): number {
    this.#refreshScores(node);
    return this.#raw[at]?.[node.slot] ?? 0;
  }

  #refreshScores(node: NodeInfo): void {
    const { slot } = node;
    const stamp = this.#stamps.values[slot] ?? 0;
    if (this.#scoredAt[slot] === stamp) return;
    if (slot >= this.#scoredAt.length) this.#scoredAt = this.#grown(this.#scoredAt);
    this.#scoredAt[slot] = stamp;
    let sum = 0;
    for (const { scorer, weight } of this.#plain) sum += weight * scorer.score(node);
    this.#sums[slot] = sum;
    for (const [at, { scorer }] of this.normalized.entries()) (this.#raw[at] ?? [])[slot] = scorer.score(node);
  }

  #grown(old: Float64Array): Float64Array<ArrayBuffer> {
    const more = new Float64Array(this.#stamps.values.length);
    more.set(old);
    return more;
  }
}

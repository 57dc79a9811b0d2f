/**
 * The pods a rule's peer means: a namespace selector (or the policy's own namespace) and a pod selector together. Equal selections of
 * different rules and policies share one set in the kernel, so a selection is known by its key.
 */
import { createHash } from 'node:crypto';
import type { LabelSelector, NetworkPolicyPeer } from '../../api/generated/types.ts';
import type { Labels, LabelMatcher } from '../../api/label-selector.ts';
import { labelMatcher } from '../../api/label-selector.ts';

export interface Selection {
  /** The same for selections that mean the same pods; fit for an nft name. */
  readonly key: string;
  /** The only namespace it can match in; undefined: those that `matchesNamespace`. */
  readonly namespace: string | undefined;
  /** A label pair that every selected pod has, `name=value`; undefined when there is none. */
  readonly pair: string | undefined;
  readonly matchesNamespace: LabelMatcher;
  readonly matchesPod: LabelMatcher;
}

/** Twelve hex digits; names in nft are short and hold no free text. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** A peer without ipBlock. A missing pod selector beside a namespace selector means all pods (networking/v1 NetworkPolicyPeer). */
export function peerSelection(namespace: string, peer: NetworkPolicyPeer): Selection {
  const pods = peer.podSelector ?? {};
  const inside = peer.namespaceSelector === undefined ? namespace : undefined;
  const matchesNamespace = inside === undefined ? labelMatcher(peer.namespaceSelector) : (): boolean => true;
  const key = shortHash(JSON.stringify([inside ?? null, canonical(peer.namespaceSelector), canonical(pods)]));
  return { key, namespace: inside, pair: requiredPair(pods), matchesNamespace, matchesPod: labelMatcher(pods) };
}

/** The pair by which an index finds the selectors a pod may match. */
export function requiredPair(selector: LabelSelector): string | undefined {
  const [first] = Object.entries(selector.matchLabels ?? {});
  if (first !== undefined) return `${first[0]}=${first[1]}`;
  const single = selector.matchExpressions?.find(({ operator, values }) => operator === 'In' && values?.length === 1);
  return single === undefined ? undefined : `${single.key}=${single.values?.[0] ?? ''}`;
}

function canonical(selector: LabelSelector | undefined): unknown {
  if (selector === undefined) return null;
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) =>
    JSON.stringify([key, operator, [...(values ?? [])].sort()]),
  );
  return [labels, expressions.sort()];
}

/** What is filed under label pairs, so that a pod meets only those that may match it. */
export class PairIndex<T extends { readonly pair: string | undefined }> {
  readonly #byPair = new Map<string, Set<T>>();
  readonly #rest = new Set<T>();

  get isEmpty(): boolean {
    return this.#rest.size === 0 && this.#byPair.size === 0;
  }

  add(item: T): void {
    this.#setOf(item.pair).add(item);
  }

  delete(item: T): void {
    const set = this.#setOf(item.pair);
    set.delete(item);
    if (item.pair !== undefined && set.size === 0) this.#byPair.delete(item.pair);
  }

  /** All that may match these labels, and no promise that it does. */
  *candidates(labels: Labels): Iterable<T> {
    yield* this.#rest;
    if (this.#byPair.size === 0) return;
    for (const key in labels) yield* this.#byPair.get(`${key}=${labels[key] ?? ''}`) ?? [];
  }

  #setOf(pair: string | undefined): Set<T> {
    if (pair === undefined) return this.#rest;
    const found = this.#byPair.get(pair);
    if (found !== undefined) return found;
    const set = new Set<T>();
    this.#byPair.set(pair, set);
    return set;
  }
}

/** The order of a merged list: the patch's elements as it wants them, the others where they were, interleaved (strategicpatch normalizeElementOrder). */

/** What two elements must share to be the same one. */
export type Identity = (item: unknown) => unknown;

export interface Order {
  readonly merged: readonly unknown[];
  /** The elements that the patch names, in its order. */
  readonly order: readonly unknown[];
  /** The live list. */
  readonly serverOrder: readonly unknown[];
  readonly identity: Identity;
}

export function mergeOrder({ merged, order, serverOrder, identity }: Order): unknown[] {
  const wanted = ranks(order, identity);
  const lived = ranks(serverOrder, identity);
  const named = merged.filter((item) => wanted.has(identity(item)));
  const others = merged.filter((item) => !wanted.has(identity(item)));
  return interleave(sorted(others, lived, identity), sorted(named, wanted, identity), (item) => lived.get(identity(item)));
}

function ranks(items: readonly unknown[], identity: Identity): Map<unknown, number> {
  const map = new Map<unknown, number>();
  items.forEach((item, at) => {
    const id = identity(item);
    if (!map.has(id)) map.set(id, at);
  });
  return map;
}

function sorted(items: readonly unknown[], by: ReadonlyMap<unknown, number>, identity: Identity): unknown[] {
  const rank = (item: unknown): number => by.get(identity(item)) ?? Number.MAX_SAFE_INTEGER;
  return [...items].sort((a, b) => rank(a) - rank(b));
}

/** Keeps both orders; an element of `left` goes before one of `right` only when it stood before it in the live list. */
function interleave(left: readonly unknown[], right: readonly unknown[], rank: (item: unknown) => number | undefined): unknown[] {
  const result: unknown[] = [];
  let at = 0;
  for (const item of right) {
    const bound = rank(item);
    for (; at < left.length; at++) {
      const place = rank(left[at]);
      if (place === undefined || bound === undefined || place >= bound) break;
      result.push(left[at]);
    }
    result.push(item);
  }
  return [...result, ...left.slice(at)];
}

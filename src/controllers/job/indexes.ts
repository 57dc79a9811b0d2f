/**
 * Sets of completion indexes as ordered, disjoint intervals, and the text form of status.completedIndexes and
 * status.failedIndexes (`0,2-4,7`): pkg/controller/job/indexed_job_utils.go. Pure.
 */

export interface Interval {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

export type Indexes = readonly Interval[];

const integer = /^[+-]?\d+$/;

/** Reads the text form. Indexes from `completions` on are left out (the Job was scaled down), and so is what cannot be read. */
export function parseIndexes(text: string, completions: number): Indexes {
  const result: Interval[] = [];
  for (const part of text === '' ? [] : text.split(',')) {
    const [low = '', high] = part.split('-');
    if (!integer.test(low)) continue;
    const first = Number(low);
    if (first >= completions) break;
    if (high !== undefined && !integer.test(high)) continue;
    const last = high === undefined ? first : Math.min(Number(high), completions - 1);
    const before = result.at(-1);
    if (before?.last === first - 1) result[result.length - 1] = { first: before.first, last };
    else result.push({ first, last });
  }
  return result;
}

/** Two neighbours are written `3,4`, three and more `3-5`. */
export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(({ first, last }) => (first === last ? String(first) : `${String(first)}${last === first + 1 ? ',' : '-'}${String(last)}`))
    .join(',');
}

/** The union of both. */
export function mergeIndexes(a: Indexes, b: Indexes): Indexes {
  const result: Interval[] = [];
  for (const next of [...a, ...b].sort((one, other) => one.first - other.first)) {
    const before = result.at(-1);
    if (before === undefined || next.first > before.last + 1) result.push(next);
    else if (next.last > before.last) result[result.length - 1] = { first: before.first, last: next.last };
  }
  return result;
}

/** `indexes` and these numbers, in whatever order they come. */
export function addIndexes(indexes: Indexes, numbers: Iterable<number>): Indexes {
  const added = [...numbers].map((number) => ({ first: number, last: number }));
  return added.length === 0 ? indexes : mergeIndexes(indexes, added);
}

export function countIndexes(indexes: Indexes): number {
  return indexes.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

export function hasIndex(indexes: Indexes, index: number): boolean {
  let low = 0;
  let high = indexes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((indexes[middle]?.last ?? 0) >= index) high = middle;
    else low = middle + 1;
  }
  const found = indexes[low];
  return found !== undefined && found.first <= index;
}

/** How many indexes both have. */
export function countCommon(a: Indexes, b: Indexes): number {
  let count = 0;
  for (let i = 0, j = 0; ;) {
    const [one, other] = [a[i], b[j]];
    if (one === undefined || other === undefined) return count;
    count += Math.max(0, Math.min(one.last, other.last) - Math.max(one.first, other.first) + 1);
    if (one.last <= other.last) i += 1;
    if (other.last <= one.last) j += 1;
  }
}

/** The lowest `count` indexes below `completions` that `taken` lacks. */
export function firstFree(taken: Indexes, count: number, completions: number): number[] {
  const result: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    while (candidate < Math.min(first, completions) && result.length < count) {
      result.push(candidate);
      candidate += 1;
    }
    candidate = Math.max(candidate, last + 1);
  }
  return result;
}

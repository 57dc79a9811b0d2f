/** Lists of indexes as Jobs write them: `1,3-5,7`. validateIndexesFormat of pkg/apis/batch/validation. */
import { goQuoted } from '../../../api/go-text.ts';

/** How many indexes the text names; a text says what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let last = -1;
  let total = 0;
  for (const interval of text.split(',')) {
    const bounds = boundsOf(interval, completions);
    if (typeof bounds === 'string') return bounds;
    const [from, to] = bounds;
    if (last >= from) return `non-increasing order, previous: ${String(last)}, current: ${String(from)}`;
    total += to - from + 1;
    last = to;
  }
  return total;
}

function boundsOf(interval: string, completions: number): [number, number] | string {
  const limits = interval.split('-');
  if (limits.length > 2)
    return `the fragment ${goQuoted(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const [first = '', second] = limits;
  const from = indexOf(first);
  if (from === undefined) return `cannot convert string to integer for index: ${goQuoted(first)}`;
  if (from >= completions) return `too large index: ${goQuoted(first)}`;
  if (second === undefined) return [from, from];
  const to = indexOf(second);
  if (to === undefined) return `cannot convert string to integer for index: ${goQuoted(second)}`;
  if (to >= completions) return `too large index: ${goQuoted(second)}`;
  return from >= to ? `non-increasing order, previous: ${String(from)}, current: ${String(to)}` : [from, to];
}

const indexOf = (text: string): number | undefined => (/^[+-]?\d+$/.test(text) ? Number(text) : undefined);

/** The first index that both texts name; what cannot be read is passed over. */
export function overlapOf(first: string, second: string, completions: number): number | undefined {
  const read = (text: string): [number, number][] =>
    text.split(',').flatMap((interval) => {
      const bounds = boundsOf(interval, completions);
      return typeof bounds === 'string' ? [] : [bounds];
    });
  const others = read(second);
  for (const [from, to] of read(first)) {
    const both = others.find(([start, end]) => from <= end && start <= to);
    if (both !== undefined) return Math.max(from, both[0]);
  }
  return undefined;
}

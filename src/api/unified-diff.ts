/**
 * Unified diffs as the API server's error texts carry them: the algorithm of Python's difflib (Ratcliff and Obershelp's longest
 * common blocks), which go-difflib follows, so that the hunks are the same.
 */

interface Block {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

interface Change {
  readonly equal: boolean;
  readonly a1: number;
  readonly a2: number;
  readonly b1: number;
  readonly b2: number;
}

const context = 3;
/** From this many lines on, lines that are in more than one percent of the places are no anchors for matches. */
const popularFrom = 200;

/** Hunks without file names; '' when nothing differs. Every line of the answer ends in a line feed. */
export function unifiedDiff(old: string, now: string): string {
  const [a, b] = [old.split('\n'), now.split('\n')];
  return hunks(changes(a, b))
    .map((hunk) => hunkText(hunk, a, b))
    .join('');
}

function hunkText(hunk: readonly Change[], a: readonly string[], b: readonly string[]): string {
  const [first, last] = [hunk[0], hunk.at(-1)];
  if (first === undefined || last === undefined) return '';
  const lines = [`@@ -${range(first.a1, last.a2)} +${range(first.b1, last.b2)} @@`];
  for (const { equal, a1, a2, b1, b2 } of hunk) {
    if (equal) lines.push(...a.slice(a1, a2).map((line) => ` ${line}`));
    else lines.push(...a.slice(a1, a2).map((line) => `-${line}`), ...b.slice(b1, b2).map((line) => `+${line}`));
  }
  return `${lines.join('\n')}\n`;
}

function range(start: number, stop: number): string {
  const length = stop - start;
  if (length === 1) return String(start + 1);
  return `${String(length === 0 ? start : start + 1)},${String(length)}`;
}

function hunks(all: readonly Change[]): Change[][] {
  const grouped: Change[][] = [];
  let group: Change[] = [];
  for (const [index, change] of all.entries()) {
    let { a1, b1 } = change;
    const { equal, a2, b2 } = change;
    const atEnd = index === all.length - 1;
    if (equal && index === 0) [a1, b1] = [Math.max(a1, a2 - context), Math.max(b1, b2 - context)];
    else if (equal && !atEnd && a2 - a1 > 2 * context) {
      group.push({ equal, a1, a2: a1 + context, b1, b2: b1 + context });
      grouped.push(group);
      group = [];
      [a1, b1] = [a2 - context, b2 - context];
    }
    const ends = equal && atEnd ? { a2: Math.min(a2, a1 + context), b2: Math.min(b2, b1 + context) } : { a2, b2 };
    group.push({ equal, a1, b1, ...ends });
  }
  if (group.some((change) => !change.equal)) grouped.push(group);
  return grouped;
}

function changes(a: readonly string[], b: readonly string[]): Change[] {
  const found: Change[] = [];
  let [i, j] = [0, 0];
  for (const block of matchingBlocks(a, b)) {
    if (i < block.a || j < block.b) found.push({ equal: false, a1: i, a2: block.a, b1: j, b2: block.b });
    [i, j] = [block.a + block.size, block.b + block.size];
    if (block.size > 0) found.push({ equal: true, a1: block.a, a2: i, b1: block.b, b2: j });
  }
  return found;
}

/** The blocks that are equal, adjacent ones joined, with an empty one at the end. */
function matchingBlocks(a: readonly string[], b: readonly string[]): Block[] {
  const places = placesOf(b);
  const found: Block[] = [];
  const search = (a1: number, a2: number, b1: number, b2: number): void => {
    const match = longest({ a, b, places }, { a1, a2, b1, b2 });
    if (match.size === 0) return;
    if (a1 < match.a && b1 < match.b) search(a1, match.a, b1, match.b);
    const last = found.at(-1);
    if (last !== undefined && last.a + last.size === match.a && last.b + last.size === match.b)
      found[found.length - 1] = { ...last, size: last.size + match.size };
    else found.push(match);
    const [a3, b3] = [match.a + match.size, match.b + match.size];
    if (a3 < a2 && b3 < b2) search(a3, a2, b3, b2);
  };
  search(0, a.length, 0, b.length);
  return [...found, { a: a.length, b: b.length, size: 0 }];
}

function placesOf(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [index, line] of lines.entries()) {
    const known = places.get(line);
    if (known === undefined) places.set(line, [index]);
    else known.push(index);
  }
  if (lines.length < popularFrom) return places;
  const limit = Math.floor(lines.length / 100) + 1;
  return new Map([...places].filter(([, indices]) => indices.length <= limit));
}

interface Lines {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly places: ReadonlyMap<string, readonly number[]>;
}

function longest({ a, b, places }: Lines, { a1, a2, b1, b2 }: Omit<Change, 'equal'>): Block {
  let best = { a: a1, b: b1, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = a1; i < a2; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < b1) continue;
      if (j >= b2) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  while (best.a > a1 && best.b > b1 && a[best.a - 1] === b[best.b - 1]) best = { a: best.a - 1, b: best.b - 1, size: best.size + 1 };
  while (best.a + best.size < a2 && best.b + best.size < b2 && a[best.a + best.size] === b[best.b + best.size])
    best = { ...best, size: best.size + 1 };
  return best;
}

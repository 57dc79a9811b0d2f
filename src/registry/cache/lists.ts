/**
 * The objects of namespaces in key order, as arrays that stay the same while nothing changes: what was made for one request serves the next.
 * A few changes are carried into a copy, so that a list after a write does not cost the more the more there is.
 */
import type { Selection } from '../store.ts';
import type { CachedEntry } from './entry.ts';

type Entries = readonly CachedEntry[];

/** More changes than this, and the list is made anew when somebody asks. */
const mostPending = 128;
/** Selections kept for one list. */
const mostSelections = 16;

/** What has become of one key. */
interface Changed {
  readonly key: string;
  /** undefined: gone. */
  readonly entry: CachedEntry | undefined;
}

type Matches = (entry: CachedEntry) => boolean;

interface Kept {
  entries: Entries;
  pending: Changed[];
  /** By the text of their selectors. */
  readonly selections: Map<string, { readonly matches: Matches; entries: Entries }>;
}

export class Lists {
  /** By namespace; '' is all. */
  readonly #kept = new Map<string, Kept>();
  readonly #make: (namespace: string) => Entries;

  /** `make`: all there is in a namespace ('' : in all), in key order. */
  constructor(make: (namespace: string) => Entries) {
    this.#make = make;
  }

  clear(): void {
    this.#kept.clear();
  }

  changed(namespace: string, changed: Changed): void {
    this.#note('', changed);
    if (namespace !== '') this.#note(namespace, changed);
  }

  of(namespace: string): Entries {
    return this.#current(namespace).entries;
  }

  /** What of `list` is chosen; remembered when `list` is the present one of the namespace and the selection has a text. */
  chosen(list: Entries, { namespace, text }: Selection, matches: Matches): Entries {
    const kept = this.#kept.get(namespace);
    if (text === undefined || kept?.entries !== list || kept.pending.length > 0) return list.filter(matches);
    const known = kept.selections.get(text);
    if (known !== undefined) return known.entries;
    const entries = list.filter(matches);
    if (kept.selections.size >= mostSelections) kept.selections.clear();
    kept.selections.set(text, { matches, entries });
    return entries;
  }

  #note(namespace: string, changed: Changed): void {
    const kept = this.#kept.get(namespace);
    if (kept === undefined) return;
    if (kept.pending.length >= mostPending) this.#kept.delete(namespace);
    else kept.pending.push(changed);
  }

  #current(namespace: string): Kept {
    let kept = this.#kept.get(namespace);
    if (kept === undefined) {
      kept = { entries: this.#make(namespace), pending: [], selections: new Map() };
      this.#kept.set(namespace, kept);
    }
    const { pending } = kept;
    if (pending.length === 0) return kept;
    kept.pending = [];
    kept.entries = carriedOn(kept.entries, pending, () => true);
    for (const selection of kept.selections.values()) selection.entries = carriedOn(selection.entries, pending, selection.matches);
    return kept;
  }
}

/** The list after the changes; itself when none concerns it. */
function carriedOn(list: Entries, changes: readonly Changed[], matches: Matches): Entries {
  let copy: CachedEntry[] | undefined;
  for (const { key, entry } of changes) {
    const at = lowerBound(copy ?? list, key);
    const isThere = (copy ?? list)[at]?.key === key;
    const belongs = entry !== undefined && matches(entry);
    if (!isThere && !belongs) continue;
    copy ??= [...list];
    if (!belongs) copy.splice(at, 1);
    else if (isThere) copy[at] = entry;
    else copy.splice(at, 0, entry);
  }
  return copy ?? list;
}

/** Where the first key that is not below `key` is. */
export function lowerBound(entries: Entries, key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.key ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

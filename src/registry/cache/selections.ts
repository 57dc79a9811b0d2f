/** What selectors chose from a list that is still the present one: polls and pages of dashboards ask the same again and again. */
import type { Selection } from '../store.ts';
import type { CachedEntry } from './entry.ts';

/** Selections kept for one list. */
const most = 16;

type Entries = readonly CachedEntry[];

/** A memo that goes with the lists it is about. */
export class Selections {
  readonly #lists = new WeakMap<Entries, Map<string, Entries>>();

  find(list: Entries, { text, name }: Selection): Entries | undefined {
    return text === undefined || name !== undefined ? undefined : this.#lists.get(list)?.get(text);
  }

  keep(list: Entries, { text, name }: Selection, chosen: Entries): void {
    if (text === undefined || name !== undefined) return;
    const known = this.#lists.get(list);
    if (known === undefined) this.#lists.set(list, new Map([[text, chosen]]));
    else if (known.size < most) known.set(text, chosen);
  }
}

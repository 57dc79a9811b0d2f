/** The objects of a list as answers have them between head and tail, put together once for all who ask while nothing changes. */
import type { Entry } from '../registry/store.ts';
import { type Deflated, deflateParts } from './gzip-parts.ts';

/** By the cache's own array of entries, which is another one after a write. */
const lists = new WeakMap<readonly Entry[], SharedList>();

export class SharedList {
  /** Objects and the commas between them. */
  readonly parts: readonly Buffer[];
  /** Bytes of all parts. */
  readonly length: number;
  #deflated: Promise<Deflated> | undefined;

  constructor(entries: readonly Entry[]) {
    const parts: Buffer[] = [];
    let length = 0;
    for (const { json } of entries) {
      if (parts.length > 0) parts.push(comma);
      parts.push(json);
      length += json.length;
    }
    this.parts = parts;
    this.length = length + Math.max(0, entries.length - 1);
  }

  get deflated(): Promise<Deflated> {
    this.#deflated ??= deflateParts(this.parts);
    this.#deflated.catch(() => (this.#deflated = undefined));
    return this.#deflated;
  }
}

const comma = Buffer.from(',');

export function sharedList(entries: readonly Entry[]): SharedList {
  let list = lists.get(entries);
  if (list === undefined) lists.set(entries, (list = new SharedList(entries)));
  return list;
}

/** The objects of a list as answers have them between head and tail, put together once for all who ask while nothing changes. */
import type { Entry } from '../registry/store.ts';
import { type Deflated, deflateParts } from './gzip-parts.ts';

/** By the cache's own array of entries, which is another one after a write. */
const lists = new WeakMap<readonly Entry[], SharedList>();
const messageLists = new WeakMap<readonly Entry[], SharedList>();

export class SharedList {
  /** Bytes of all parts. */
  readonly length: number;
  readonly #parts: () => readonly Buffer[];
  #deflated: Promise<Deflated> | undefined;

  constructor(parts: () => readonly Buffer[]) {
    this.#parts = parts;
    this.length = parts().reduce((sum, part) => sum + part.length, 0);
  }

  /** What stands between head and tail. */
  get parts(): readonly Buffer[] {
    return this.#parts();
  }

  get deflated(): Promise<Deflated> {
    this.#deflated ??= deflateParts(this.parts);
    this.#deflated.catch(() => (this.#deflated = undefined));
    return this.#deflated;
  }
}

const comma = Buffer.from(',');

/** Objects in JSON and the commas between them. */
export function sharedList(entries: readonly Entry[]): SharedList {
  return shared(lists, entries, () => {
    const parts = entries.flatMap(({ json }, at) => (at === 0 ? [json] : [comma, json]));
    return () => parts;
  });
}

/** Objects as messages, which are made anew when they are asked for: only what they were compressed to is kept here. */
export function sharedMessages(entries: readonly Entry[], message: (entry: Entry) => Buffer): SharedList {
  return shared(messageLists, entries, () => () => entries.map(message));
}

type Known = WeakMap<readonly Entry[], SharedList>;

function shared(known: Known, entries: readonly Entry[], make: () => () => readonly Buffer[]): SharedList {
  let list = known.get(entries);
  if (list === undefined) known.set(entries, (list = new SharedList(make())));
  return list;
}

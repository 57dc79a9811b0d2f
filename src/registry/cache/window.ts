/** The recent changes of one resource, for watches that start a little in the past. */
import type { Clock } from '../../base/clock.ts';
import type { Change } from './change.ts';

export interface WindowBounds {
  /** Kept whatever their age (upstream's lower bound of capacity). */
  readonly leastChanges: number;
  readonly mostChanges: number;
  readonly mostBytes: number;
  /** Younger ones are kept while the upper bounds allow, in ms (upstream's eventFreshDuration). */
  readonly freshMs: number;
}

export const defaultBounds: WindowBounds = { leastChanges: 100, mostChanges: 100 * 1024, mostBytes: 16 << 20, freshMs: 75_000 };

interface Kept {
  readonly change: Change;
  readonly at: number;
  readonly size: number;
}

export class Window {
  readonly #clock: Clock;
  readonly #bounds: WindowBounds;
  /** Oldest first; those before #first have gone and are cut off now and then. */
  #changes: (Kept | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #start: number;

  /** `start`: the revision whose state the cache was loaded at. */
  constructor(start: number, clock: Clock, bounds: WindowBounds = defaultBounds) {
    this.#start = start;
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Changes after this revision are all there. */
  get start(): number {
    return this.#start;
  }

  get length(): number {
    return this.#changes.length - this.#first;
  }

  add(change: Change): void {
    const kept = { change, at: this.#clock.now(), size: change.size };
    this.#changes.push(kept);
    this.#bytes += kept.size;
    this.#trim(kept.at);
  }

  /** The changes after `revision`, which must not be below {@link start}. */
  after(revision: number): Change[] {
    let low = this.#first;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.change.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low).flatMap((kept) => kept?.change ?? []);
  }

  /** Forgets everything: the changes up to `start` are not known. */
  restart(start: number): void {
    this.#changes = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#start = start;
  }

  #trim(now: number): void {
    const { leastChanges, mostChanges, mostBytes, freshMs } = this.#bounds;
    for (;;) {
      const oldest = this.#changes[this.#first];
      const spare =
        this.length > mostChanges || this.#bytes > mostBytes || (this.length > leastChanges && now - (oldest?.at ?? now) > freshMs);
      if (oldest === undefined || !spare) break;
      this.#changes[this.#first++] = undefined;
      this.#bytes -= oldest.size;
      this.#start = oldest.change.revision;
    }
    if (this.#first > 64 && this.#first > this.#changes.length / 2) {
      this.#changes = this.#changes.slice(this.#first);
      this.#first = 0;
    }
  }
}

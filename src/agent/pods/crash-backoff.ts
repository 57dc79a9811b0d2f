import type { Clock } from '../../base/clock.ts';

const initialMs = 10_000;
const maxMs = 300_000;

/** Waits between restarts: 10 s, doubled each time up to 5 min, forgotten after 10 min of peace (client-go util/flowcontrol). */
export class CrashBackoff {
  readonly #clock: Clock;
  #wait = 0;
  lastUpdate = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The length of the current wait in ms. */
  get wait(): number {
    return this.#wait;
  }

  /** How much of the wait after an end at `since` is left, in ms. */
  remaining(since: number): number {
    if (this.#wait === 0 || since - this.lastUpdate > 2 * maxMs) return 0;
    return Math.max(0, since + this.#wait - this.#clock.now());
  }

  /** As if nothing had happened. */
  reset(): void {
    this.#wait = 0;
  }

  /** Counts a restart after an end at `since`. */
  next(since: number): void {
    const fresh = this.#wait === 0 || since - this.lastUpdate > 2 * maxMs;
    this.#wait = fresh ? initialMs : Math.min(maxMs, this.#wait * 2);
    this.lastUpdate = this.#clock.now();
  }
}

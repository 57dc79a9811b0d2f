import type { Clock } from './clock.ts';

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Each wait is this much longer than the one before. */
  readonly factor: number;
  /** Up to this share of a wait is added at random. Default 0. */
  readonly jitter?: number | undefined;
  /** Quiet for this long (ms), and the next wait is the initial one again. Default: never. */
  readonly resetMs?: number | undefined;
  readonly clock: Clock;
  /** Default Math.random. */
  readonly random?: (() => number) | undefined;
}

/** The waits after failures of one thing. */
export class Backoff {
  readonly #options: BackoffOptions;
  #wait: number;
  #lastUse: number | undefined;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#wait = options.initialMs;
  }

  /** Milliseconds to wait now; the next answer is longer. */
  next(): number {
    const { maxMs, factor, jitter = 0, resetMs, clock, random = Math.random } = this.#options;
    const now = clock.monotonic();
    if (resetMs !== undefined && this.#lastUse !== undefined && now - this.#lastUse > resetMs) this.reset();
    this.#lastUse = now;
    const wait = this.#wait;
    this.#wait = Math.min(maxMs, wait * factor);
    return wait * (1 + jitter * random());
  }

  reset(): void {
    this.#wait = this.#options.initialMs;
  }
}

/** The waits after failures of many things: `initialMs * 2^failures`, at most `maxMs` (client-go ItemExponentialFailureRateLimiter). */
export class ItemBackoff<K> {
  readonly #failures = new Map<K, number>();
  readonly #initialMs: number;
  readonly #maxMs: number;

  constructor(initialMs = 5, maxMs = 1_000_000) {
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
  }

  /** Counts a failure and tells how long to wait in ms. */
  next(item: K): number {
    const failures = this.#failures.get(item) ?? 0;
    this.#failures.set(item, failures + 1);
    return Math.min(this.#maxMs, this.#initialMs * 2 ** failures);
  }

  /** How often the item has failed since it was last forgotten. */
  failures(item: K): number {
    return this.#failures.get(item) ?? 0;
  }

  forget(item: K): void {
    this.#failures.delete(item);
  }
}

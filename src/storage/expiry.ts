/** Keys with a time to live: the earliest first, one timer, none while nothing is pending. */
import type { Clock } from '../base/clock.ts';

export interface Expiring {
  readonly key: string;
  /** The write that gave the time to live; a later write of the key cancels it. */
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Keys due within this time of each other go together. */
const slackMs = 1000;

export class Expiry {
  readonly #clock: Clock;
  readonly #expire: (due: readonly Expiring[]) => void;
  /** Sorted, the earliest first, from #next on: most are added at the end, where it costs nothing. */
  #pending: Expiring[] = [];
  #next = 0;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #stopped = false;

  constructor(clock: Clock, expire: (due: readonly Expiring[]) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  add(expiring: Expiring): void {
    let low = this.#next;
    let high = this.#pending.length;
    if ((this.#pending[high - 1]?.at ?? 0) <= expiring.at) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pending[middle]?.at ?? 0) <= expiring.at) low = middle + 1;
      else high = middle;
    }
    this.#pending.splice(low, 0, expiring);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const next = this.#pending[this.#next];
    if (this.#stopped || next === undefined) return;
    if (this.#timer !== undefined && this.#timer.at <= next.at) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(0, next.at - this.#clock.now()), () => {
      this.#timer = undefined;
      this.#fire();
    });
    this.#timer = { at: next.at, cancel };
  }

  #fire(): void {
    const first = this.#next;
    const until = this.#clock.now();
    while ((this.#pending[this.#next]?.at ?? Infinity) <= until) this.#next += 1;
    const due = this.#pending.slice(first, this.#next);
    // Moving the rest to the front now and then costs a constant share for each.
    if (this.#next * 2 >= this.#pending.length) {
      this.#pending = this.#pending.slice(this.#next);
      this.#next = 0;
    }
    this.#arm();
    if (due.length > 0) this.#expire(due);
  }
}

/** When a write made at `now` expires, rounded up so that neighbours share a timer. */
export function expiresAt(now: number, ttlSeconds: number): number {
  return Math.ceil((now + ttlSeconds * 1000) / slackMs) * slackMs;
}

/** How long a container may take to end; whoever is in more of a hurry cuts it short on the way (pod_workers.go, calculateEffectiveGracePeriod). */
import type { Clock } from '../../base/clock.ts';

export class Grace {
  /** No time was given from the beginning: it is killed. */
  readonly none: boolean;
  readonly #clock: Clock;
  readonly #onShortened = new Set<() => void>();
  #endsAt: number;

  constructor(clock: Clock, ms: number) {
    this.none = ms <= 0;
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + ms;
  }

  get leftMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.monotonic());
  }

  /** From now on no more than `ms`. It never gets longer. */
  shorten(ms: number): void {
    const at = this.#clock.monotonic() + ms;
    if (at >= this.#endsAt) return;
    this.#endsAt = at;
    for (const tell of [...this.#onShortened]) tell();
  }

  /** Resolves when `work` has settled, and at the latest when the time is over; `work` then goes on by itself. */
  async within(work: Promise<unknown>): Promise<void> {
    const over = Promise.withResolvers<undefined>();
    let cancel = (): void => undefined;
    const wait = (): void => {
      cancel();
      cancel = this.#clock.after(this.leftMs, () => over.resolve(undefined));
    };
    wait();
    await this.#listening(wait, () => Promise.race([work.catch(() => undefined), over.promise]));
    cancel();
  }

  /** Does `work`, and does it again whenever the time is cut short meanwhile; resolves when the first of them has. */
  async hastening(work: () => Promise<void>): Promise<void> {
    await this.#listening(() => void work().catch(() => undefined), work);
  }

  async #listening(tell: () => void, work: () => Promise<unknown>): Promise<void> {
    this.#onShortened.add(tell);
    try {
      await work();
    } finally {
      this.#onShortened.delete(tell);
    }
  }
}

/** Compaction by age: history is kept for at least `keepMs`, and no timer runs when there is none. */
import type { Clock } from '../base/clock.ts';

export const defaultKeepMs = 5 * 60_000;

export interface RetentionOptions {
  readonly clock: Clock;
  /** Milliseconds. History goes when it is between once and twice as old. */
  readonly keepMs: number;
  /** Forgets states before the revision; failures are the callee's to report. */
  readonly compact: (revision: number) => void;
}

export class Retention {
  readonly #options: RetentionOptions;
  /** The newest revision when the timer was set, and the newest that has left something to compact. */
  #mark = 0;
  #newest = 0;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** A write up to `revision` has superseded or deleted something. */
  superseded(revision: number): void {
    this.#newest = revision;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    if (this.#stopped || this.#cancel !== undefined) return;
    const { clock, keepMs, compact } = this.#options;
    this.#mark = this.#newest;
    this.#cancel = clock.after(keepMs, () => {
      this.#cancel = undefined;
      compact(this.#mark);
      if (this.#newest > this.#mark) this.#arm();
    });
  }
}

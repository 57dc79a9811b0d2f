/**
 * Compaction by age, shared by all servers of a cluster, upstream's too (apiserver pkg/storage/etcd3/compact.go): the version of
 * one key is the time they agree on, and whoever counts it on compacts to where the store was one interval ago.
 */
import type { Clock } from '../../base/clock.ts';

export const compactionKey = 'compact_rev_key';

export interface CompactorOptions {
  readonly clock: Clock;
  /** History is kept between once and twice as long, in ms. */
  readonly keepMs: number;
  /** Writes the key when it has this version. */
  readonly count: (version: number, value: string) => Promise<{ succeeded: boolean; revision: number; version: number }>;
  readonly compact: (revision: number) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export class Compactor {
  readonly #options: CompactorOptions;
  #version = 0;
  #revision = 0;
  /** Intervals to come: one to mark where the store is, one to compact to the mark. */
  #due = 0;
  #cancel: (() => void) | undefined;
  #stopped = false;
  /** One after the other, however long etcd takes: each goes by what the one before has marked. */
  #ticking: Promise<void> = Promise.resolve();

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  /** Something was written that may replace something; no timer runs in a store at rest. */
  written(): void {
    this.#due = 2;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #arm(): void {
    if (this.#stopped || this.#cancel !== undefined || this.#due === 0) return;
    this.#cancel = this.#options.clock.after(this.#options.keepMs, () => {
      this.#cancel = undefined;
      this.#due--;
      this.#arm();
      this.#ticking = this.#ticking
        .then(() => this.#tick())
        .catch((error: unknown) => {
          if (!this.#stopped) this.#options.failed(error);
        });
    });
  }

  async #tick(): Promise<void> {
    const { count, compact } = this.#options;
    const before = this.#revision;
    const { succeeded, revision, version } = await count(this.#version, String(before));
    this.#revision = revision;
    this.#version = succeeded ? this.#version + 1 : version;
    if (succeeded && before !== 0) await compact(before);
  }
}

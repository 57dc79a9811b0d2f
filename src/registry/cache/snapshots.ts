/** Past states of one resource that pages of lists are being read from. */
import type { Clock } from '../../base/clock.ts';
import type { CachedEntry } from './entry.ts';

interface Snapshot {
  readonly namespace: string;
  readonly revision: number;
  readonly entries: readonly CachedEntry[];
  readonly since: number;
  readonly until: number;
}

const mostSnapshots = 16;

export class Snapshots {
  readonly #clock: Clock;
  readonly #keepMs: number;
  #kept: Snapshot[] = [];
  #cancel: (() => void) | undefined;

  /** A snapshot goes `keepMs` after it was last used. */
  constructor(clock: Clock, keepMs = 60_000) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  keep(namespace: string, revision: number, entries: readonly CachedEntry[]): void {
    const now = this.#clock.now();
    const since = this.#find(namespace, revision)?.since ?? now;
    const others = this.#kept.filter((other) => other.namespace !== namespace || other.revision !== revision);
    this.#kept = [...others.slice(-(mostSnapshots - 1)), { namespace, revision, entries, since, until: now + this.#keepMs }];
    this.#arm();
  }

  find(namespace: string, revision: number): readonly CachedEntry[] | undefined {
    return this.#find(namespace, revision)?.entries;
  }

  /** Whether it was taken so lately that the store cannot have forgotten the revision by its age. */
  isFresh(namespace: string, revision: number): boolean {
    const kept = this.#find(namespace, revision);
    return kept !== undefined && this.#clock.now() - kept.since < this.#keepMs;
  }

  #find(namespace: string, revision: number): Snapshot | undefined {
    return this.#kept.find((kept) => kept.namespace === namespace && kept.revision === revision);
  }

  stop(): void {
    this.#cancel?.();
    this.#kept = [];
  }

  /** One timer, for the oldest; none while nothing is kept. */
  #arm(): void {
    const oldest = this.#kept[0];
    if (this.#cancel !== undefined || oldest === undefined) return;
    this.#cancel = this.#clock.after(Math.max(0, oldest.until - this.#clock.now()), () => {
      this.#cancel = undefined;
      this.#kept = this.#kept.filter(({ until }) => until > this.#clock.now());
      this.#arm();
    });
  }
}

/**
 * A queue of keys with client-go's rules (util/workqueue): a key waits at most once; a key added while it is being worked
 * on waits until that work is done, then comes once more; nobody works on one key twice at a time.
 */
import type { Clock } from './clock.ts';
import type { Counter, Gauge, Histogram } from './metrics.ts';

/** What is counted of a queue, by client-go's names (util/workqueue/metrics.go). */
export interface QueueMetrics {
  readonly depth: Gauge;
  readonly adds: Counter;
  /** Seconds between an add and its turn. */
  readonly waited: Histogram;
  /** Seconds a key was worked on. */
  readonly worked: Histogram;
  readonly retries: Counter;
  /** Tells whoever asks for how many seconds each key has been worked on by now. */
  readonly follow: (unfinished: () => readonly number[]) => void;
}

export class WorkQueue<K> {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics | undefined;
  /** When keys were added or taken, while somebody counts. */
  readonly #since = new Map<K, { added?: number; taken?: number }>();
  /** Keys in turn; `#head` is where the next one is. */
  #queue: K[] = [];
  #head = 0;
  /** Asked for and not yet handed out. */
  readonly #dirty = new Set<K>();
  /** Handed out and not yet done. */
  readonly #processing = new Set<K>();
  readonly #delayed = new Map<K, { at: number; cancel: () => void }>();
  #takers: (() => void)[] = [];
  #stopped = false;

  constructor(clock: Clock, metrics?: QueueMetrics) {
    this.#clock = clock;
    this.#metrics = metrics;
    metrics?.follow(() => {
      const now = clock.monotonic();
      return [...this.#since.values()].flatMap(({ taken }) => (taken === undefined ? [] : [(now - taken) / 1000]));
    });
  }

  /** Keys that wait now, without delayed ones. */
  get length(): number {
    return this.#queue.length - this.#head;
  }

  add(key: K): void {
    if (this.#stopped || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#countAdd(key);
    if (!this.#processing.has(key)) this.#push(key);
  }

  #countAdd(key: K): void {
    if (this.#metrics === undefined) return;
    this.#metrics.adds.inc();
    this.#metrics.depth.add(1);
    const times = this.#since.get(key) ?? {};
    times.added ??= this.#clock.monotonic();
    this.#since.set(key, times);
  }

  #countTaken(key: K): void {
    if (this.#metrics === undefined) return;
    const now = this.#clock.monotonic();
    const { added = now } = this.#since.get(key) ?? {};
    this.#since.set(key, { taken: now });
    this.#metrics.depth.add(-1);
    this.#metrics.waited.observe((now - added) / 1000);
  }

  #countDone(key: K): void {
    const times = this.#since.get(key);
    if (this.#metrics === undefined || times?.taken === undefined) return;
    this.#metrics.worked.observe((this.#clock.monotonic() - times.taken) / 1000);
    if (times.added === undefined) this.#since.delete(key);
    else this.#since.set(key, { added: times.added });
  }

  /** Adds after `ms`; of several delays of a key the earliest counts. */
  addAfter(key: K, ms: number): void {
    if (this.#stopped) return;
    if (ms <= 0) return this.add(key);
    const at = this.#clock.monotonic() + ms;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined) {
      if (waiting.at <= at) return;
      waiting.cancel();
    }
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  /**
   * The next key, when there is one; undefined once the queue is stopped. The taker calls {@link done}.
   * A waiting taker resumes only after the current turn, so that adds of one turn are still one key.
   */
  async next(): Promise<K | undefined> {
    while (!this.#stopped && this.length === 0) await new Promise<void>((resolve) => this.#takers.push(resolve));
    return this.#stopped ? undefined : this.#shift();
  }

  done(key: K): void {
    this.#processing.delete(key);
    this.#countDone(key);
    if (this.#dirty.has(key) && !this.#stopped) this.#push(key);
  }

  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    const takers = this.#takers;
    this.#takers = [];
    for (const take of takers) take();
  }

  #push(key: K): void {
    this.#queue.push(key);
    this.#takers.shift()?.();
  }

  #shift(): K {
    const key = this.#queue[this.#head] as K;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#dirty.delete(key);
    this.#processing.add(key);
    this.#countTaken(key);
    return key;
  }
}

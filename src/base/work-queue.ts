/**
 * A queue of keys with client-go's rules (util/workqueue): a key waits at most once; a key added while it is being worked
 * on waits until that work is done, then comes once more; nobody works on one key twice at a time.
 */
import type { Clock } from './clock.ts';

export class WorkQueue<K> {
  readonly #clock: Clock;
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

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keys that wait now, without delayed ones. */
  get length(): number {
    return this.#queue.length - this.#head;
  }

  add(key: K): void {
    if (this.#stopped || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#push(key);
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
    return key;
  }
}

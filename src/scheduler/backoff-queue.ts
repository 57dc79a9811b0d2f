/** Pods that were tried without luck a moment ago: scheduler backend/queue/backoff_queue.go. */
import type { Clock } from '../base/clock.ts';
import { Heap } from './heap.ts';
import type { QueueItem, QueuedPod } from './queued-pod.ts';

/** Backoffs end together once in so many ms, so that priority counts among those that end at about the same time. */
const windowMs = 1000;

export interface BackoffOptions {
  readonly clock: Clock;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly compare: (a: QueuedPod, b: QueuedPod) => number;
  /** Called with each pod whose backoff is over. */
  readonly onDone: (pod: QueuedPod) => void;
}

const window = (time: number): number => Math.floor(time / windowMs) * windowMs;

export class BackoffQueue {
  readonly #options: BackoffOptions;
  readonly #rejected: Heap<QueueItem>;
  readonly #failed: Heap<QueueItem>;
  #size = 0;
  #cancel: (() => void) | undefined;

  constructor(options: BackoffOptions) {
    this.#options = options;
    const compare = (a: QueueItem, b: QueueItem): number => a.pod.backoffUntil - b.pod.backoffUntil || options.compare(a.pod, b.pod);
    this.#rejected = new Heap(compare);
    this.#failed = new Heap(compare);
  }

  /** From now: twice as long each time, up to a limit. */
  setExpiry(pod: QueuedPod): void {
    const { clock, initialBackoffMs, maxBackoffMs } = this.#options;
    const count = pod.errors > 0 ? pod.errors : pod.rejections;
    pod.backoffUntil = window(clock.monotonic() + Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(30, count - 1)));
    if (maxBackoffMs === 0) pod.backoffUntil = 0;
  }

  isBackingOff({ errors, rejections, backoffUntil }: QueuedPod): boolean {
    return errors + rejections > 0 && backoffUntil >= window(this.#options.clock.monotonic()) && backoffUntil > 0;
  }

  /** The pod's place must be `backoff` by now. */
  add(pod: QueuedPod): void {
    (pod.errors > 0 ? this.#failed : this.#rejected).push({ pod, ticket: pod.ticket });
    this.#size += 1;
    this.#plan();
  }

  /** The pod goes elsewhere. */
  leave(pod: QueuedPod): void {
    if (pod.place !== 'backoff') return;
    this.#size -= 1;
    if (this.#size === 0) this.stop();
  }

  /** With nothing else to do, a rejected pod need not sit out its backoff. */
  takeEarly(): QueuedPod | undefined {
    for (let item = this.#rejected.pop(); item !== undefined; item = this.#rejected.pop()) {
      if (item.ticket !== item.pod.ticket) continue;
      this.leave(item.pod);
      return item.pod;
    }
    return undefined;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** One timer, and only while somebody waits: the end of the current window. */
  #plan(): void {
    if (this.#cancel !== undefined || this.#size === 0) return;
    const { clock } = this.#options;
    const now = clock.monotonic();
    const first = Math.min(this.#rejected.peek()?.pod.backoffUntil ?? Infinity, this.#failed.peek()?.pod.backoffUntil ?? Infinity);
    const next = Math.max(window(now) + windowMs, window(first) + windowMs);
    this.#cancel = clock.after(next - now, () => {
      this.#cancel = undefined;
      for (const heap of [this.#rejected, this.#failed]) this.#flush(heap);
      this.#plan();
    });
  }

  #flush(heap: Heap<QueueItem>): void {
    for (let item = heap.peek(); item !== undefined; item = heap.peek()) {
      const isStale = item.ticket !== item.pod.ticket;
      if (!isStale && this.isBackingOff(item.pod)) return;
      heap.pop();
      if (!isStale) this.#options.onDone(item.pod);
    }
  }
}

/**
 * Pods that wait for a node: scheduler backend/queue. Each is in one place: active (to be tried, by priority), backing
 * off (tried without luck a moment ago), unschedulable (until something happens that may help), gated, or in flight.
 * An idle scheduler takes from the backing-off ones early, as upstream does since 1.33.
 */
import type { Clock } from '../base/clock.ts';
import type { ClusterEvent, Plugin } from './framework.ts';
import { Heap } from './heap.ts';
import type { PodInfo } from './pod-info.ts';
import { podInfo } from './pod-info.ts';
import type { Pod } from '../api/generated/types.ts';

const initialBackoffMs = 1000;
const maxBackoffMs = 10_000;
/** The longest a pod stays unschedulable without another try. */
const flushMs = 5 * 60_000;

type Place = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'in-flight';

export interface QueuedPod {
  info: PodInfo;
  place: Place;
  /** When it was first seen, for the order. */
  since: number;
  attempts: number;
  /** The plugins that rejected it last. */
  rejectedBy: ReadonlySet<string>;
  /** When its backoff is over (monotonic ms). */
  backoffUntil: number;
  /** The last attempt failed by an error, not by rejection: its backoff is kept even when idle. */
  failed: boolean;
  /** Counts entries into a heap, so that stale heap items are told apart. */
  ticket: number;
  cancelFlush: (() => void) | undefined;
}

interface Item {
  readonly pod: QueuedPod;
  readonly ticket: number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly plugins: readonly Plugin[];
  /** Called when a pod may be taken. */
  readonly onReady: () => void;
}

export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #pods = new Map<string, QueuedPod>();
  /** Those whose place is unschedulable. */
  readonly #unschedulable = new Set<QueuedPod>();
  readonly #active: Heap<Item>;
  readonly #backoff = new Heap<Item>((a, b) => a.pod.backoffUntil - b.pod.backoffUntil);
  #cancelBackoff: (() => void) | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    const sort = options.plugins.find((plugin) => plugin.queueSort !== undefined);
    this.#active = new Heap<Item>((a, b) => sort?.queueSort?.(a.pod, b.pod) ?? 0);
  }

  /** A pod without a node was seen, new or changed. `changed` tells whether what scheduling looks at changed. */
  set(pod: Pod, changed: boolean): void {
    const known = this.#pods.get(pod.metadata.uid);
    const info = podInfo(pod);
    if (known === undefined) {
      const now = this.#options.clock.monotonic();
      const queued: QueuedPod = {
        info,
        place: 'gated',
        since: now,
        attempts: 0,
        rejectedBy: new Set(),
        backoffUntil: 0,
        failed: false,
        ticket: 0,
        cancelFlush: undefined,
      };
      this.#pods.set(info.uid, queued);
      this.#activate(queued);
      return;
    }
    known.info = info;
    if (!changed) return;
    if (known.place === 'gated' || known.place === 'unschedulable') this.#retry(known);
  }

  delete(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    pod.cancelFlush?.();
    pod.ticket += 1;
    this.#unschedulable.delete(pod);
    this.#pods.delete(uid);
  }

  has(uid: string): boolean {
    return this.#pods.has(uid);
  }

  /** The next pod to try; it is in flight until {@link done}, {@link reject} or {@link delete}. */
  pop(): QueuedPod | undefined {
    const pod = this.#take(this.#active) ?? this.#takeEarly();
    if (pod === undefined) return undefined;
    pod.place = 'in-flight';
    pod.attempts += 1;
    pod.ticket += 1;
    return pod;
  }

  /** The pod has a node. */
  done(pod: QueuedPod): void {
    this.delete(pod.info.uid);
  }

  /** No node will do now: wait for an event that one of `plugins` may care about. */
  reject(pod: QueuedPod, plugins: Iterable<string>): void {
    if (this.#pods.get(pod.info.uid) !== pod) return;
    pod.rejectedBy = new Set(plugins);
    pod.failed = false;
    this.#setBackoff(pod);
    pod.place = 'unschedulable';
    this.#unschedulable.add(pod);
    pod.cancelFlush = this.#options.clock.after(flushMs, () => this.#retry(pod));
  }

  /** Something went wrong: try again after a backoff. */
  retryLater(pod: QueuedPod): void {
    if (this.#pods.get(pod.info.uid) !== pod) return;
    pod.failed = true;
    this.#setBackoff(pod);
    this.#retry(pod);
  }

  /** Wakes the pods that this may help. */
  wake(event: ClusterEvent): void {
    for (const pod of [...this.#unschedulable]) if (this.#helps(event, pod)) this.#retry(pod);
  }

  stop(): void {
    this.#cancelBackoff?.();
    for (const pod of this.#pods.values()) pod.cancelFlush?.();
    this.#pods.clear();
  }

  #helps(event: ClusterEvent, pod: QueuedPod): boolean {
    if (event === 'other' || pod.rejectedBy.size === 0) return true;
    return this.#options.plugins.some((plugin) => pod.rejectedBy.has(plugin.name) && plugin.wakesOn.includes(event));
  }

  #setBackoff(pod: QueuedPod): void {
    const wait = Math.min(maxBackoffMs, initialBackoffMs * 2 ** (pod.attempts - 1));
    pod.backoffUntil = this.#options.clock.monotonic() + wait;
  }

  #retry(pod: QueuedPod): void {
    pod.cancelFlush?.();
    pod.cancelFlush = undefined;
    this.#unschedulable.delete(pod);
    if (pod.backoffUntil <= this.#options.clock.monotonic()) return this.#activate(pod);
    pod.place = 'backoff';
    pod.ticket += 1;
    this.#backoff.push({ pod, ticket: pod.ticket });
    this.#planBackoff();
    this.#options.onReady();
  }

  #activate(pod: QueuedPod): void {
    if (this.#options.plugins.some((plugin) => plugin.preEnqueue?.(pod.info.pod) !== undefined)) {
      pod.place = 'gated';
      return;
    }
    pod.place = 'active';
    pod.ticket += 1;
    this.#active.push({ pod, ticket: pod.ticket });
    this.#options.onReady();
  }

  #take(heap: Heap<Item>): QueuedPod | undefined {
    for (let item = heap.pop(); item !== undefined; item = heap.pop()) if (item.ticket === item.pod.ticket) return item.pod;
    return undefined;
  }

  /** With nothing else to do, a rejected pod need not sit out its backoff. */
  #takeEarly(): QueuedPod | undefined {
    const held: Item[] = [];
    let found: QueuedPod | undefined;
    for (let item = this.#backoff.pop(); item !== undefined && found === undefined;) {
      if (item.ticket === item.pod.ticket) {
        if (!item.pod.failed) {
          found = item.pod;
          break;
        }
        held.push(item);
      }
      item = this.#backoff.pop();
    }
    for (const item of held) this.#backoff.push(item);
    return found;
  }

  /** One timer for the backoff that ends first. */
  #planBackoff(): void {
    this.#cancelBackoff?.();
    this.#cancelBackoff = undefined;
    const first = this.#backoff.peek();
    if (first === undefined) return;
    const { clock } = this.#options;
    this.#cancelBackoff = clock.after(Math.max(0, first.pod.backoffUntil - clock.monotonic()), () => {
      const now = clock.monotonic();
      for (let item = this.#backoff.peek(); item !== undefined && item.pod.backoffUntil <= now; item = this.#backoff.peek()) {
        this.#backoff.pop();
        if (item.ticket === item.pod.ticket) this.#activate(item.pod);
      }
      this.#planBackoff();
    });
  }
}

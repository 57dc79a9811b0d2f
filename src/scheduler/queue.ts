/**
 * Pods that wait for a node: scheduler backend/queue. Each is in one place: active (to be tried, by priority), backing
 * off (tried without luck a moment ago), unschedulable (until something happens that may help), gated, or in flight.
 * An idle scheduler takes from the backing-off ones early, except those whose last try ended in an error.
 */
import type { Pod } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import { BackoffQueue } from './backoff-queue.ts';
import type { ClusterEvent } from './cluster-events.ts';
import { concerns } from './cluster-events.ts';
import type { Cluster, Plugin } from './framework.ts';
import { Heap } from './heap.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { Place, QueueItem, QueuedPod } from './queued-pod.ts';
import { queuedPod } from './queued-pod.ts';

/** The longest a pod stays unschedulable without another try. */
const flushMs = 5 * 60_000;

export interface QueueOptions {
  readonly clock: Clock;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly cluster: Cluster;
  readonly podInfo: (pod: Pod) => PodInfo;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Keeps a pod out of the queue beside what plugins say: room is being made for it. */
  readonly isHeld: (uid: string) => boolean;
  /** Called when a pod may be taken. */
  readonly onReady: () => void;
}

export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #pods = new Map<string, QueuedPod>();
  /** Those whose place is unschedulable, the longest waiting first. */
  readonly #unschedulable = new Set<QueuedPod>();
  /** The same by the plugins that rejected them; those that no plugin did are under ''. */
  readonly #byPlugin = new Map<string, Set<QueuedPod>>();
  /** Plugins that hear of an event, by resource and action. */
  readonly #hearing = new Map<string, readonly string[]>();
  readonly #active: Heap<QueueItem>;
  readonly #backoff: BackoffQueue;
  #cancelFlush: (() => void) | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    const [first] = options.profiles.values();
    const compare = (a: QueuedPod, b: QueuedPod): number => first?.queueSort.queueSort?.(a, b) ?? 0;
    this.#active = new Heap<QueueItem>((a, b) => compare(a.pod, b.pod));
    this.#backoff = new BackoffQueue({ ...options, compare, onDone: (pod) => this.#push(pod) });
  }

  /** A pod without a node was seen for the first time. */
  add(pod: Pod): void {
    if (this.#pods.has(pod.metadata.uid)) return;
    const queued = queuedPod(this.#options.podInfo(pod), this.#options.clock.monotonic());
    this.#pods.set(queued.info.uid, queued);
    this.#activate(queued);
  }

  /** A waiting pod changed; `events` says what about it. */
  update(pod: Pod, events: () => readonly ClusterEvent[]): void {
    const known = this.#pods.get(pod.metadata.uid);
    if (known === undefined) return this.add(pod);
    known.info = this.#options.podInfo(pod);
    if (known.place !== 'unschedulable' && known.place !== 'gated') return;
    for (const event of events()) if (this.#wakeOne(known, event)) return;
  }

  delete(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    this.#leave(pod);
    this.#pods.delete(uid);
  }

  /** Where each pod is. */
  *places(): Generator<Place> {
    for (const { place } of this.#pods.values()) yield place;
  }

  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid);
  }

  /** The next pod to try; it is in flight until {@link done}, {@link reject}, {@link retryLater} or {@link delete}. */
  pop(): QueuedPod | undefined {
    const pod = this.#take() ?? this.#backoff.takeEarly();
    if (pod === undefined) return undefined;
    pod.place = 'in-flight';
    pod.tried = this.#options.clock.monotonic();
    pod.attempts += 1;
    pod.ticket += 1;
    return pod;
  }

  /** The pod has a node. */
  done(pod: QueuedPod): void {
    this.delete(pod.info.uid);
  }

  /** No node will do now: wait for an event that one of `plugins` says may help. */
  reject(pod: QueuedPod, plugins: ReadonlySet<string>): void {
    if (this.#pods.get(pod.info.uid) !== pod) return;
    pod.rejectedBy = plugins;
    pod.rejections += 1;
    pod.errors = 0;
    this.#failed(pod);
    this.#place(pod, 'unschedulable');
  }

  /** Something went wrong: try again after a backoff. */
  retryLater(pod: QueuedPod): void {
    if (this.#pods.get(pod.info.uid) !== pod) return;
    pod.rejectedBy = new Set();
    pod.errors += 1;
    this.#failed(pod);
    this.#requeue(pod);
  }

  /** Wakes the pods that this may help, of those that `among` says; default all. */
  wake(event: ClusterEvent, among: (pod: QueuedPod) => boolean = () => true): void {
    if (this.#unschedulable.size === 0) return;
    const concerned = new Set<QueuedPod>();
    for (const name of this.#hearers(event)) for (const pod of this.#byPlugin.get(name) ?? []) if (among(pod)) concerned.add(pod);
    for (const pod of concerned) this.#wakeOne(pod, event);
  }

  /** Puts a waiting pod to the active ones at once, whatever keeps it. */
  activate(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod?.place === 'unschedulable' || pod?.place === 'gated' || pod?.place === 'backoff') this.#activate(pod);
  }

  stop(): void {
    this.#cancelFlush?.();
    this.#backoff.stop();
    this.#pods.clear();
    this.#unschedulable.clear();
    this.#byPlugin.clear();
  }

  #hearers(event: ClusterEvent): readonly string[] {
    const key = `${event.resource} ${String(event.action)}`;
    const known = this.#hearing.get(key);
    if (known !== undefined) return known;
    const names = new Set(['']);
    for (const { plugins } of this.#options.profiles.values())
      for (const { name, events = [] } of plugins) if (events.some((interest) => concerns(interest, event))) names.add(name);
    const found = [...names];
    this.#hearing.set(key, found);
    return found;
  }

  #wakeOne(pod: QueuedPod, event: ClusterEvent): boolean {
    if (!this.#helps(event, pod)) return false;
    this.#requeue(pod);
    return pod.place !== 'unschedulable' && pod.place !== 'gated';
  }

  #helps(event: ClusterEvent, pod: QueuedPod): boolean {
    if (pod.rejectedBy.size === 0) return true;
    const { plugins = [] } = this.#profileOf(pod) ?? {};
    const { cluster } = this.#options;
    return plugins.some(
      ({ name, events = [] }) =>
        pod.rejectedBy.has(name) &&
        events.some((interest) => concerns(interest, event) && (interest.helps?.(pod.info, event, cluster) ?? true)),
    );
  }

  #profileOf(pod: QueuedPod): Profile | undefined {
    return this.#options.profiles.get(pod.info.pod.spec.schedulerName ?? 'default-scheduler');
  }

  #failed(pod: QueuedPod): void {
    const { clock } = this.#options;
    pod.since = clock.monotonic();
    this.#backoff.setExpiry(pod);
  }

  #requeue(pod: QueuedPod): void {
    if (this.#isGated(pod)) return this.#place(pod, 'gated');
    if (this.#options.isHeld(pod.info.uid)) return this.#place(pod, 'unschedulable');
    if (!this.#backoff.isBackingOff(pod)) return this.#push(pod);
    this.#place(pod, 'backoff');
    this.#backoff.add(pod);
    this.#options.onReady();
  }

  #activate(pod: QueuedPod): void {
    if (this.#isGated(pod)) this.#place(pod, 'gated');
    else this.#push(pod);
  }

  #push(pod: QueuedPod): void {
    this.#place(pod, 'active');
    this.#active.push({ pod, ticket: pod.ticket });
    this.#options.onReady();
  }

  #isGated(pod: QueuedPod): boolean {
    const gating = this.#profileOf(pod)?.preEnqueue.find((plugin: Plugin) => plugin.preEnqueue?.(pod.info.pod) !== undefined);
    if (gating !== undefined) pod.rejectedBy = new Set([gating.name]);
    return gating !== undefined;
  }

  #place(pod: QueuedPod, place: QueuedPod['place']): void {
    this.#leave(pod);
    pod.place = place;
    if (place !== 'unschedulable') return;
    this.#unschedulable.add(pod);
    for (const name of pod.rejectedBy.size === 0 ? [''] : pod.rejectedBy) {
      const pods = this.#byPlugin.get(name) ?? new Set<QueuedPod>();
      this.#byPlugin.set(name, pods.add(pod));
    }
    this.#planFlush();
  }

  #leave(pod: QueuedPod): void {
    pod.ticket += 1;
    if (this.#unschedulable.delete(pod)) for (const pods of this.#byPlugin.values()) pods.delete(pod);
    this.#backoff.leave(pod);
  }

  #take(): QueuedPod | undefined {
    for (let item = this.#active.pop(); item !== undefined; item = this.#active.pop()) if (item.ticket === item.pod.ticket) return item.pod;
    return undefined;
  }

  /** One timer for the pod that waits longest; none when none waits. */
  #planFlush(): void {
    if (this.#cancelFlush !== undefined) return;
    const [oldest] = this.#unschedulable;
    if (oldest === undefined) return;
    const { clock } = this.#options;
    this.#cancelFlush = clock.after(Math.max(0, oldest.since + flushMs - clock.monotonic()), () => {
      this.#cancelFlush = undefined;
      const due = clock.monotonic() - flushMs;
      for (const pod of [...this.#unschedulable]) {
        if (pod.since > due) break;
        this.#requeue(pod);
      }
      this.#planFlush();
    });
  }
}

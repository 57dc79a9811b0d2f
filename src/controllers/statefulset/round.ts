/**
 * One round for one StatefulSet: statefulset/stateful_set_control.go updateStatefulSet. In order it makes every replica
 * exist, be of its identity and (unless Parallel) be available before the next; then takes away what is too many, from the
 * last; then replaces what is of an old revision, from the last.
 */
import type { ControllerRevision, Pod, StatefulSet } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import type { Clock } from '../../base/clock.ts';
import { templateOf } from '../shared/controller-revisions.ts';
import { scaledValue } from '../shared/int-or-percent.ts';
import { slowStart } from '../shared/pod-control.ts';
import { isPodTerminal } from '../shared/pods.ts';
import type { Revisions } from './history.ts';
import {
  firstOrdinal,
  identityMatches,
  isInRange,
  newPod,
  ordinalOf,
  podName,
  replicasOf,
  revisionOf,
  storageMatches,
  versionFor,
} from './identity.ts';
import type { StatefulPodControl } from './pod-control.ts';
import type { Counted } from './status.ts';
import { countPods, isReady, isTerminating, isUnavailable } from './status.ts';

export interface RoundOptions {
  readonly control: StatefulPodControl;
  readonly clock: Clock;
  readonly set: StatefulSet;
  /** The pods it owns. */
  readonly pods: readonly Pod[];
  readonly revisions: Revisions;
}

export interface RoundResult {
  readonly status: Counted;
  /** What went wrong, after which the status still has to be written. */
  readonly failure: unknown;
}

/** A replica there should be; `pod` is missing until it is made. */
interface Slot {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

export class Round {
  readonly #options: RoundOptions;
  readonly #set: StatefulSet;
  readonly #slots: readonly Slot[];
  /** Pods beyond what is wanted, the last first. */
  readonly #condemned: readonly Pod[];
  readonly #now: number;
  /** Ordered: one at a time. */
  readonly #ordered: boolean;

  constructor(options: RoundOptions) {
    const { set, pods, clock } = options;
    this.#options = options;
    this.#set = set;
    this.#now = clock.now();
    this.#ordered = set.spec.podManagementPolicy !== 'Parallel';
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
    const first = firstOrdinal(set);
    this.#slots = Array.from({ length: replicasOf(set) }, (_, at) => ({ ordinal: first + at, pod: byOrdinal.get(first + at) }));
    this.#condemned = pods.filter((pod) => !isInRange(set, ordinalOf(pod))).sort((a, b) => ordinalOf(b) - ordinalOf(a));
  }

  async run(): Promise<RoundResult> {
    const { pods, revisions } = this.#options;
    const status = countPods(pods, {
      set: this.#set,
      currentRevision: revisions.current.metadata.name,
      updateRevision: revisions.update.metadata.name,
      collisionCount: revisions.collisionCount,
      now: this.#now,
    });
    if (this.#set.metadata.deletionTimestamp !== undefined) return { status, failure: undefined };
    let replaced = 0;
    try {
      if ((await this.#settleReplicas()) && (await this.#settleCondemned())) replaced = await this.#replaceOutdated();
    } catch (failure) {
      return { status, failure };
    }
    return { status: { ...status, currentReplicas: status.currentReplicas - replaced }, failure: undefined };
  }

  /** False: wait for a replica before anything else. */
  async #settleReplicas(): Promise<boolean> {
    return this.#forAll(this.#slots, (slot) => this.#settle(slot));
  }

  async #settleCondemned(): Promise<boolean> {
    const { control } = this.#options;
    const policies = await this.#forAll(this.#condemned, async (pod) => {
      if (!control.ownersMatchPolicy(this.#set, pod)) await control.applyPolicy(this.#set, pod);
      return true;
    });
    if (!policies) return false;
    const firstUnavailable = this.#firstUnavailable();
    return this.#forAll(this.#condemned, (pod) => this.#condemn(pod, firstUnavailable));
  }

  /** Ordered: until one says no. Parallel: all, in growing groups; what they say does not count. */
  async #forAll<T>(items: readonly T[], act: (item: T) => Promise<boolean>): Promise<boolean> {
    if (this.#ordered) {
      for (const item of items) if (!(await act(item))) return false;
      return true;
    }
    const rest = items.values();
    const { error } = await slowStart(items.length, async () => {
      const next = rest.next();
      if (next.done !== true) await act(next.value);
    });
    if (error instanceof Error) throw error;
    return true;
  }

  /** False: the next replica has to wait for this one. */
  async #settle({ ordinal, pod }: Slot): Promise<boolean> {
    const { control } = this.#options;
    const set = this.#set;
    if (pod === undefined) return this.#create(ordinal);
    if (isPodTerminal(pod)) {
      if (!isTerminating(pod)) await control.delete(set, pod);
      return false;
    }
    if (pod.status.phase === 'Pending') await control.restoreClaims(set, pod);
    if (this.#ordered && (isTerminating(pod) || !isReady(pod) || this.#isUnavailable(pod))) return false;
    if (!identityMatches(set, pod) || !storageMatches(set, pod) || !control.ownersMatchPolicy(set, pod)) await control.update(set, pod);
    return true;
  }

  async #create(ordinal: number): Promise<boolean> {
    const { control } = this.#options;
    if (control.hasStaleClaim(this.#set, podName(this.#set, ordinal))) return false;
    await control.create(this.#set, this.#newPod(ordinal));
    return !this.#ordered;
  }

  #newPod(ordinal: number): New<Pod> {
    const { current, update } = this.#options.revisions;
    const version = (revision: ControllerRevision) => ({
      template: templateOf(revision) ?? this.#set.spec.template,
      revision: revision.metadata.name,
    });
    return newPod(this.#set, versionFor(this.#set, ordinal, { current: version(current), update: version(update) }), ordinal);
  }

  /** False: ordered, and this one has to be gone, or an earlier one well, before more go. */
  async #condemn(pod: Pod, firstUnavailable: Pod | undefined): Promise<boolean> {
    if (isTerminating(pod)) return !this.#ordered;
    if (this.#ordered && pod !== firstUnavailable && (!isReady(pod) || this.#isUnavailable(pod))) return false;
    await this.#options.control.delete(this.#set, pod);
    return false;
  }

  #isUnavailable(pod: Pod | undefined): boolean {
    return isUnavailable(pod, this.#set.spec.minReadySeconds ?? 0, this.#now);
  }

  #firstUnavailable(): Pod | undefined {
    const all = [...this.#slots.flatMap(({ pod }) => pod ?? []), ...this.#condemned.toReversed()];
    return all.find((pod) => this.#isUnavailable(pod));
  }

  /** Deletes pods of old revisions from the last down to the partition; returns how many. */
  async #replaceOutdated(): Promise<number> {
    const { type, rollingUpdate } = this.#set.spec.updateStrategy ?? {};
    if (type === 'OnDelete') return 0;
    const candidates = this.#slots.slice(rollingUpdate?.partition ?? 0).toReversed();
    const isOutdated = ({ pod }: Slot): boolean => revisionOf(pod) !== this.#options.revisions.update.metadata.name;
    if (rollingUpdate?.maxUnavailable === undefined) {
      // One at a time, and only while all after it are well.
      const next = candidates.find((slot) => (isOutdated(slot) && !isGoing(slot)) || this.#isUnavailable(slot.pod));
      return next?.pod !== undefined && isOutdated(next) && !isGoing(next) ? this.#replace([next.pod]) : 0;
    }
    const allowed = Math.max(1, scaledValue(rollingUpdate.maxUnavailable, replicasOf(this.#set), false));
    const unavailable = this.#slots.filter(({ pod }) => this.#isUnavailable(pod)).length;
    const outdated = candidates.filter((slot) => isOutdated(slot) && !isGoing(slot)).flatMap(({ pod }) => pod ?? []);
    return this.#replace(outdated.slice(0, Math.max(0, allowed - unavailable)));
  }

  async #replace(pods: readonly Pod[]): Promise<number> {
    for (const pod of pods) await this.#options.control.delete(this.#set, pod);
    return pods.length;
  }
}

function isGoing({ pod }: Slot): boolean {
  return pod === undefined || isTerminating(pod);
}

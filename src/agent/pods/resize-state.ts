/** How far a pod's resize has come, and what its conditions say of that (status_manager.go, allocation_manager.go). */
import type { Pod, PodCondition } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';

const pendingType = 'PodResizePending';
const inProgressType = 'PodResizeInProgress';

export const resizeConditions: ReadonlySet<string> = new Set([pendingType, inProgressType]);

export class ResizeState {
  #pending: PodCondition | undefined;
  #inProgress: PodCondition | undefined;

  /** Goes on where the status says that an earlier agent stood. */
  constructor({ status }: Pod) {
    const find = (type: string): PodCondition | undefined => status.conditions?.find((condition) => condition.type === type);
    this.#pending = find(pendingType);
    this.#inProgress = find(inProgressType);
  }

  get conditions(): readonly PodCondition[] {
    return [this.#pending, this.#inProgress].filter((condition) => condition !== undefined);
  }

  /** Since when the resize waits, as the condition says. */
  get pendingSince(): string | undefined {
    return this.#pending?.lastTransitionTime;
  }

  /** The generation that waits. */
  get pendingGeneration(): number | undefined {
    return this.#pending?.observedGeneration;
  }

  /** Nothing is asked for that the pod does not have. */
  settled(): void {
    this.#pending = undefined;
  }

  /** Tells whether that is news. */
  defer(pod: Pod, reason: 'Deferred' | 'Infeasible', message: string, now: number): boolean {
    const before = this.#pending;
    this.#pending = condition(pendingType, before, { reason, message, generation: pod.metadata.generation ?? 0, now });
    return before?.reason !== reason || before.observedGeneration !== this.#pending.observedGeneration;
  }

  accept(pod: Pod, now: number): void {
    this.#pending = undefined;
    this.#inProgress = condition(inProgressType, undefined, { reason: '', message: '', generation: pod.metadata.generation ?? 0, now });
  }

  /** Something that runs differs from what was allocated. */
  begin(pod: Pod, now: number): void {
    if (this.#inProgress === undefined) this.accept(pod, now);
  }

  /** Tells whether that is news, and of which generation. */
  fail(pod: Pod, message: string, now: number): { readonly news: boolean; readonly generation: number } {
    const before = this.#inProgress;
    const generation = before?.observedGeneration ?? pod.metadata.generation ?? 0;
    this.#inProgress = condition(inProgressType, before, { reason: 'Error', message, generation, now });
    return { news: before?.reason !== 'Error' || before.message !== message, generation };
  }

  /** The generation whose resize is through; undefined when none was under way. */
  complete(): number | undefined {
    const generation = this.#inProgress?.observedGeneration;
    this.#inProgress = undefined;
    return generation;
  }
}

interface Parts {
  readonly reason: string;
  readonly message: string;
  readonly generation: number;
  readonly now: number;
}

function condition(type: string, before: PodCondition | undefined, { reason, message, generation, now }: Parts): PodCondition {
  const same = before !== undefined && (before.reason ?? '') === reason;
  return {
    type,
    observedGeneration: generation,
    status: 'True',
    lastProbeTime: rfc3339(now),
    lastTransitionTime: same ? (before.lastTransitionTime ?? rfc3339(now)) : rfc3339(now),
    ...(reason === '' ? {} : { reason }),
    ...(message === '' ? {} : { message }),
  };
}

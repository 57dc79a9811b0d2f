/** What the Job controller reads off a pod: pkg/controller/job/{tracking,indexed_job,backoff}_utils.go. Pure. */
import type { Job, Pod } from '../../api/generated/types.ts';
import { compareActive } from '../shared/deletion-order.ts';
import { podCondition } from '../shared/pods.ts';

/** Holds a finished pod until it is counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
/** Annotation and label with the pod's index. */
export const indexName = 'batch.kubernetes.io/job-completion-index';
export const failureCountName = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredFailureCountName = 'batch.kubernetes.io/job-index-ignored-failure-count';

export function isIndexed(job: Job): boolean {
  return job.spec.completionMode === 'Indexed';
}

export function isSuspended(job: Job): boolean {
  return job.spec.suspend === true;
}

/** Whether only pods that have ended are replaced, not those that are about to. */
export function replacesOnlyFailed(job: Job): boolean {
  return job.spec.podReplacementPolicy === 'Failed' || job.spec.podFailurePolicy !== undefined;
}

/** Set when somebody else looks after the Job. */
export function foreignManager(job: Job): string | undefined {
  const { managedBy } = job.spec;
  return managedBy === 'kubernetes.io/job-controller' ? undefined : managedBy;
}

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(trackingFinalizer) === true;
}

/** The pod's index; undefined when its annotation tells none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexName] ?? '';
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const index = Number(text);
  return index < 0 ? undefined : index;
}

/** The pod's index when the Job has one like it. */
export function validIndex(pod: Pod, job: Job): number | undefined {
  const index = indexOf(pod);
  return index !== undefined && index < (job.spec.completions ?? 0) ? index : undefined;
}

export function indexesOf(pods: Iterable<Pod>): Set<number> {
  const result = new Set<number>();
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index !== undefined) result.add(index);
  }
  return result;
}

/** A pod that is being deleted counts as failed, unless only ended ones are replaced. */
export function isPodFailed(pod: Pod, job: Job): boolean {
  if (pod.status.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status.phase !== 'Succeeded';
}

/** Failures of the pod's index before it that count against backoffLimitPerIndex. */
export function failureCount(pod: Pod): number {
  return countOf(pod, failureCountName);
}

/** Failures of the pod's index before it that a failure policy told to ignore. */
export function ignoredFailureCount(pod: Pod): number {
  return countOf(pod, ignoredFailureCountName);
}

/** A non-negative int32; anything else is 0. */
function countOf(pod: Pod, name: string): number {
  const text = pod.metadata.annotations?.[name] ?? '';
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : 0;
  return value < 0 || value > 2 ** 31 - 1 ? 0 : value;
}

/** When the pod ended (or stopped being ready, or was told to go), in ms since the epoch. */
export function finishedAt(pod: Pod): number {
  return fromContainers(pod) ?? fromReadiness(pod) ?? fromDeletion(pod) ?? Date.parse(pod.metadata.creationTimestamp);
}

function fromContainers(pod: Pod): number | undefined {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always').map((one) => one.name));
  const main = latestEnd(pod.status.containerStatuses ?? [], undefined);
  const statuses = (pod.status.initContainerStatuses ?? []).filter((one) => sidecars.has(one.name));
  return statuses.length === 0 ? main : latestEnd(statuses, main);
}

/** Undefined as soon as one of them has not ended. */
function latestEnd(statuses: NonNullable<Pod['status']['containerStatuses']>, before: number | undefined): number | undefined {
  let latest = before;
  for (const { state } of statuses) {
    if (state?.terminated?.finishedAt === undefined) return undefined;
    const end = Date.parse(state.terminated.finishedAt);
    if (latest === undefined || end > latest) latest = end;
  }
  return latest;
}

function fromReadiness(pod: Pod): number | undefined {
  const ready = podCondition(pod, 'Ready');
  return ready?.status === 'False' && ready.lastTransitionTime !== undefined ? Date.parse(ready.lastTransitionTime) : undefined;
}

function fromDeletion({ metadata: { deletionTimestamp, deletionGracePeriodSeconds = 0 } }: Pod): number | undefined {
  return deletionTimestamp === undefined ? undefined : Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}

/**
 * The active pods that have to go because `surplus` are too many; of an indexed Job also all without a valid index and all
 * but one of each index.
 */
export function podsToRemove(job: Job, active: readonly Pod[], surplus: number): Pod[] {
  const doomed: Pod[] = [];
  let left = [...active];
  if (isIndexed(job)) {
    left = [];
    const groups = new Map<number | undefined, Pod[]>();
    for (const pod of active) {
      const index = validIndex(pod, job);
      groups.set(index, [...(groups.get(index) ?? []), pod]);
    }
    for (const [index, pods] of [...groups].sort(([a], [b]) => (a ?? -1) - (b ?? -1))) {
      if (index === undefined) doomed.push(...pods);
      else {
        if (pods.length > 1) pods.sort(compareActive);
        doomed.push(...pods.slice(0, -1));
        left.push(...pods.slice(-1));
      }
    }
  }
  if (doomed.length < surplus) doomed.push(...left.sort(compareActive).slice(0, surplus - doomed.length));
  return doomed;
}

export function countReady(pods: Iterable<Pod>): number {
  let count = 0;
  for (const pod of pods) if (podCondition(pod, 'Ready')?.status === 'True') count += 1;
  return count;
}

/** More restarts than the Job's back-off limit allows, for pods whose containers are restarted in place. */
export function hasTooManyRestarts(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status.phase !== 'Running' && status.phase !== 'Pending') continue;
    for (const one of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) restarts += one.restartCount;
  }
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Pods that count for the Job and have not been counted: still tracked, not in `uncounted`, and with a valid index if it takes one. */
export function uncountedPods(job: Job, pods: readonly Pod[], uncounted: ReadonlySet<string>): Pod[] {
  return pods.filter(
    (pod) => isTracked(pod) && !uncounted.has(pod.metadata.uid) && (!isIndexed(job) || validIndex(pod, job) !== undefined),
  );
}

/**
 * Counting a Job's pods so that none is counted twice, whenever the controller dies: trackJobStatusAndRemoveFinalizers in
 * pkg/controller/job/job_controller.go. The order is: write the uids of ended pods to status.uncountedTerminatedPods, take
 * the finalizer off those pods, move the uids that no longer have it from there to the counters. Succeeded indexes need no
 * uids: a set counts nothing twice. Pure.
 */
import type { Job, JobCondition, JobStatus, Pod } from '../../api/generated/types.ts';
import { judgeFailure } from './failure-policy.ts';
import { addIndexes, countIndexes, formatIndexes, hasIndex } from './indexes.ts';
import type { IndexState } from './observe.ts';
import { indexOf, isPodFailed, isTracked, validIndex } from './pods.ts';

/** Uids in a status at most, which keeps it below some 20 KB. */
export const maxUncounted = 500;

export interface CountingFacts {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly indexes: IndexState | undefined;
  /** How the Job ends; every pod that has not ended then counts as failed, unless the Job succeeds. */
  readonly end: JobCondition | undefined;
}

export interface Counted {
  /** To be written before the finalizers go. */
  readonly status: JobStatus;
  /** Pods whose finalizer can go once `status` is written. */
  readonly release: readonly Pod[];
  /** Not every pod fitted in: there is more to count in the next round. */
  readonly isFull: boolean;
}

/** Counts the pods that ended, from a status of which {@link settleUncounted} has taken what it can. */
export function countPods(status: JobStatus, facts: CountingFacts): Counted {
  const { job, indexes } = facts;
  const before = new Set(job.status.uncountedTerminatedPods?.succeeded);
  const failedBefore = new Set(job.status.uncountedTerminatedPods?.failed);
  const succeeded = [...(status.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(status.uncountedTerminatedPods?.failed ?? [])];
  const newIndexes: number[] = [];
  const release: Pod[] = [];
  let isFull = false;
  for (const pod of inOrder(facts)) {
    if (!isTracked(pod) || !mayRelease(pod, facts)) continue;
    release.push(pod);
    const { uid } = pod.metadata;
    const index = validIndex(pod, job);
    if (pod.status.phase === 'Succeeded' && !failedBefore.has(uid)) {
      if (indexes === undefined) {
        if (!before.has(uid)) succeeded.push(uid);
      } else if (index !== undefined && !hasIndex(indexes.counted, index)) newIndexes.push(index);
    } else if (countsAsFailed(pod, facts) && !failedBefore.has(uid) && (indexes === undefined || index !== undefined)) failed.push(uid);
    isFull = newIndexes.length + succeeded.length + failed.length >= maxUncounted;
    if (isFull) break;
  }
  const uncountedTerminatedPods = lists(succeeded, failed);
  return { status: { ...status, uncountedTerminatedPods, ...indexFields(indexes, newIndexes) }, release, isFull };
}

function inOrder({ pods, indexes }: CountingFacts): readonly Pod[] {
  return indexes === undefined ? pods : [...pods].sort((a, b) => (indexOf(a) ?? -1) - (indexOf(b) ?? -1));
}

function mayRelease(pod: Pod, { job, end, indexes }: CountingFacts): boolean {
  if (job.metadata.deletionTimestamp !== undefined || end !== undefined || pod.status.phase === 'Succeeded') return true;
  if (!isPodFailed(pod, job)) return false;
  const index = indexOf(pod);
  return index === undefined || indexes?.kept.get(index)?.metadata.uid !== pod.metadata.uid;
}

function countsAsFailed(pod: Pod, { job, end }: CountingFacts): boolean {
  const ends = end !== undefined && end.type !== 'SuccessCriteriaMet';
  return (isPodFailed(pod, job) || ends) && judgeFailure(job.spec.podFailurePolicy, pod).counts;
}

function indexFields(indexes: IndexState | undefined, added: readonly number[]): Partial<JobStatus> {
  if (indexes === undefined) return {};
  const succeeded = addIndexes(indexes.succeeded, added);
  return {
    succeeded: countIndexes(succeeded),
    completedIndexes: formatIndexes(succeeded),
    ...(indexes.failed === undefined ? {} : { failedIndexes: formatIndexes(indexes.failed) }),
  };
}

/** Moves uids that are not among `held` (pods that still have the finalizer) from the lists to the counters. */
export function settleUncounted(status: JobStatus, held: ReadonlySet<string>): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const stillSucceeded = succeeded.filter((uid) => held.has(uid));
  const stillFailed = failed.filter((uid) => held.has(uid));
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - stillSucceeded.length,
    failed: (status.failed ?? 0) + failed.length - stillFailed.length,
    uncountedTerminatedPods: lists(stillSucceeded, stillFailed),
  };
}

export function countUncounted(status: JobStatus): number {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  return succeeded.length + failed.length;
}

function lists(succeeded: string[], failed: string[]): NonNullable<JobStatus['uncountedTerminatedPods']> {
  return { ...(succeeded.length === 0 ? {} : { succeeded }), ...(failed.length === 0 ? {} : { failed }) };
}

/** The status as Go writes it: zeros and empty texts of optional fields are left out. */
export function canonicalStatus(status: JobStatus): JobStatus {
  const { active, succeeded, failed, completedIndexes, conditions, ...rest } = status;
  return {
    ...(conditions === undefined || conditions.length === 0 ? {} : { conditions }),
    ...rest,
    ...((active ?? 0) === 0 ? {} : { active: active ?? 0 }),
    ...((succeeded ?? 0) === 0 ? {} : { succeeded: succeeded ?? 0 }),
    ...((failed ?? 0) === 0 ? {} : { failed: failed ?? 0 }),
    ...((completedIndexes ?? '') === '' ? {} : { completedIndexes: completedIndexes ?? '' }),
  };
}

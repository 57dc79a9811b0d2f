/** What a Job's pods say about it, and whether that ends it: the first half of syncJob in pkg/controller/job/job_controller.go. Pure. */
import type { Job, JobCondition, Pod } from '../../api/generated/types.ts';
import { isPodActive } from '../shared/pods.ts';
import type { ConditionText } from './conditions.ts';
import { decidedEnd, makeCondition } from './conditions.ts';
import { judgeFailure } from './failure-policy.ts';
import type { Indexes } from './indexes.ts';
import { addIndexes, countIndexes, hasIndex, parseIndexes } from './indexes.ts';
import {
  failureCount,
  finishedAt,
  hasTooManyRestarts,
  ignoredFailureCount,
  indexesOf,
  isIndexed,
  isPodFailed,
  isSuspended,
  isTracked,
  uncountedPods,
  validIndex,
} from './pods.ts';
import { meetsSuccessPolicy } from './success-policy.ts';

export interface Observation {
  readonly active: readonly Pod[];
  /** Pods that ended and are in no count yet. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  /** Counted ones and new ones together; for an indexed Job the number of succeeded indexes. */
  readonly succeeded: number;
  readonly failed: number;
  readonly indexes: IndexState | undefined;
}

/** The indexes of an indexed Job. */
export interface IndexState {
  /** As status has them. */
  readonly counted: Indexes;
  readonly succeeded: Indexes;
  /** Undefined without backoffLimitPerIndex. */
  readonly failed: Indexes | undefined;
  /**
   * Failed pods that are kept until their index has a new pod, because they alone know how often the index failed. One an
   * index; empty without backoffLimitPerIndex.
   */
  readonly kept: ReadonlyMap<number, Pod>;
}

export function observe(job: Job, pods: readonly Pod[]): Observation {
  const { succeeded = [], failed = [] } = job.status.uncountedTerminatedPods ?? {};
  const newlySucceeded = uncountedPods(job, pods, new Set(succeeded)).filter((pod) => pod.status.phase === 'Succeeded');
  const newlyFailed = uncountedPods(job, pods, new Set(failed)).filter((pod) => isPodFailed(pod, job));
  const active = pods.filter(isPodActive);
  const indexes = isIndexed(job) ? observeIndexes(job, pods, active) : undefined;
  const counting = newlyFailed.filter((pod) => judgeFailure(job.spec.podFailurePolicy, pod).counts).length;
  return {
    active,
    newlySucceeded,
    newlyFailed,
    succeeded:
      indexes === undefined ? (job.status.succeeded ?? 0) + newlySucceeded.length + succeeded.length : countIndexes(indexes.succeeded),
    failed: (job.status.failed ?? 0) + counting + failed.length,
    indexes,
  };
}

function observeIndexes(job: Job, pods: readonly Pod[], active: readonly Pod[]): IndexState {
  const completions = job.spec.completions ?? 0;
  const counted = parseIndexes(job.status.completedIndexes ?? '', completions);
  const ended = (holds: (pod: Pod) => boolean): number[] =>
    pods.filter((pod) => isTracked(pod) && holds(pod)).flatMap((pod) => validIndex(pod, job) ?? []);
  const succeeded = addIndexes(
    counted,
    ended((pod) => pod.status.phase === 'Succeeded'),
  );
  if (job.spec.backoffLimitPerIndex === undefined) return { counted, succeeded, failed: undefined, kept: new Map() };
  const failed = addIndexes(
    parseIndexes(job.status.failedIndexes ?? '', completions),
    ended((pod) => failsIndex(job, pod)),
  );
  return { counted, succeeded, failed, kept: keptPods(job, pods, { active: indexesOf(active), succeeded, failed }) };
}

function failsIndex(job: Job, pod: Pod): boolean {
  if (!isPodFailed(pod, job)) return false;
  const { counts, action } = judgeFailure(job.spec.podFailurePolicy, pod);
  return action === 'FailIndex' || (counts && failureCount(pod) >= (job.spec.backoffLimitPerIndex ?? 0));
}

function keptPods(
  job: Job,
  pods: readonly Pod[],
  { active, succeeded, failed }: { active: ReadonlySet<number>; succeeded: Indexes; failed: Indexes },
): Map<number, Pod> {
  const kept = new Map<number, Pod>();
  for (const pod of uncountedPods(job, pods, new Set())) {
    const index = validIndex(pod, job);
    if (index === undefined || !isPodFailed(pod, job)) continue;
    if (active.has(index) || hasIndex(succeeded, index) || hasIndex(failed, index)) continue;
    const other = kept.get(index);
    if (other === undefined || (allFailures(other) <= allFailures(pod) && finishedAt(pod) >= finishedAt(other))) kept.set(index, pod);
  }
  return kept;
}

const allFailures = (pod: Pod): number => failureCount(pod) + ignoredFailureCount(pod);

/**
 * How the Job ends, when it does: Failed after an earlier round's FailureTarget, otherwise the interim condition to write
 * first (FailureTarget or SuccessCriteriaMet). Reaching all completions is not looked at here.
 */
export function decideEnd(job: Job, pods: readonly Pod[], seen: Observation, now: number): JobCondition | undefined {
  const decided = decidedEnd(job);
  if (decided?.type === 'SuccessCriteriaMet') return decided;
  if (decided !== undefined) {
    return makeCondition('Failed', 'True', { reason: decided.reason ?? '', message: decided.message ?? '' }, now);
  }
  const failure = policyFailure(job, pods) ?? limitFailure(job, pods, seen, now) ?? indexFailure(job, seen);
  if (failure !== undefined) return makeCondition('FailureTarget', 'True', failure, now);
  const message = seen.indexes === undefined ? undefined : meetsSuccessPolicy(job.spec, seen.indexes.succeeded);
  return message === undefined ? undefined : makeCondition('SuccessCriteriaMet', 'True', { reason: 'SuccessPolicy', message }, now);
}

function policyFailure(job: Job, pods: readonly Pod[]): ConditionText | undefined {
  if (job.spec.podFailurePolicy === undefined) return undefined;
  for (const pod of pods) {
    const message = isPodFailed(pod, job) ? judgeFailure(job.spec.podFailurePolicy, pod).message : undefined;
    if (message !== undefined) return { reason: 'PodFailurePolicy', message };
  }
  return undefined;
}

function limitFailure(job: Job, pods: readonly Pod[], { failed }: Observation, now: number): ConditionText | undefined {
  if (failed > (job.spec.backoffLimit ?? 6) || hasTooManyRestarts(job, pods)) {
    return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const left = untilDeadline(job, now);
  if (left === undefined || left > 0) return undefined;
  return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
}

/** In how many ms activeDeadlineSeconds is over; undefined when it does not run. */
export function untilDeadline(job: Job, now: number): number | undefined {
  const { activeDeadlineSeconds } = job.spec;
  if (activeDeadlineSeconds === undefined || job.status.startTime === undefined || isSuspended(job)) return undefined;
  return Date.parse(job.status.startTime) + activeDeadlineSeconds * 1000 - now;
}

function indexFailure(job: Job, { indexes }: Observation): ConditionText | undefined {
  if (indexes?.failed === undefined) return undefined;
  const failed = countIndexes(indexes.failed);
  const { maxFailedIndexes, completions = 0 } = job.spec;
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    return { reason: 'MaxFailedIndexesExceeded', message: 'Job has exceeded the specified maximal number of failed indexes' };
  }
  if (failed === 0 || failed + countIndexes(indexes.succeeded) < completions) return undefined;
  return { reason: 'FailedIndexes', message: 'Job has failed indexes' };
}

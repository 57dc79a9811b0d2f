/** Conditions of a Job: pkg/controller/job/job_controller.go and pkg/controller/job/util. Pure. */
import type { Job, JobCondition } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';

export interface ConditionText {
  readonly reason: string;
  readonly message: string;
}

export function makeCondition(type: string, status: 'True' | 'False', text: ConditionText, now: number): JobCondition {
  const time = rfc3339(now);
  return { type, status, lastProbeTime: time, lastTransitionTime: time, ...text };
}

export function conditionOf(job: Job, type: string): JobCondition | undefined {
  return job.status.conditions?.find((condition) => condition.type === type);
}

function isTrue(job: Job, type: string): boolean {
  return conditionOf(job, type)?.status === 'True';
}

/** The condition with which an earlier round decided how the Job ends: SuccessCriteriaMet before FailureTarget. */
export function decidedEnd(job: Job): JobCondition | undefined {
  const type = ['SuccessCriteriaMet', 'FailureTarget'].find((one) => isTrue(job, one));
  return type === undefined ? undefined : conditionOf(job, type);
}

/**
 * The list with this condition in it, or undefined when that changes nothing. A condition that was never there is not added
 * just to say False.
 */
export function withCondition(list: readonly JobCondition[], condition: JobCondition): JobCondition[] | undefined {
  const at = list.findIndex((one) => one.type === condition.type);
  const current = list[at];
  if (current === undefined) return condition.status === 'False' ? undefined : [...list, condition];
  const same = current.status === condition.status && current.reason === condition.reason && current.message === condition.message;
  return same ? undefined : list.with(at, condition);
}

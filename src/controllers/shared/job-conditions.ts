/** How a Job ended: pkg/controller/job/util. */
import type { Job, JobCondition } from '../../api/generated/types.ts';

/** The condition that ended the Job, if one has. */
export function endOf(job: Job): JobCondition | undefined {
  return job.status.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
}

export function outcomeOf(job: Job): 'Complete' | 'Failed' | undefined {
  return endOf(job)?.type as 'Complete' | 'Failed' | undefined;
}

export function isFinished(job: Job): boolean {
  return endOf(job) !== undefined;
}

/** How long a Job waits before it replaces failed pods: pkg/controller/job/backoff_utils.go. Pure. */
import type { Pod } from '../../api/generated/types.ts';
import { failureCount, finishedAt, ignoredFailureCount } from './pods.ts';

/** First and longest wait in ms. */
const firstWait = 10_000;
const longestWait = 600_000;

/** The failures of a Job's pods since one of them last succeeded. */
export interface FailureRecord {
  readonly failures: number;
  /** In ms since the epoch; undefined while there are no failures. */
  readonly last: number | undefined;
}

export const noFailures: FailureRecord = { failures: 0, last: undefined };

/** The record after these pods ended. */
export function recordOutcomes(before: FailureRecord, succeeded: readonly Pod[], failed: readonly Pod[]): FailureRecord {
  const failures = failed.map(finishedAt);
  if (succeeded.length === 0) {
    return failures.length === 0 ? before : { failures: before.failures + failures.length, last: Math.max(...failures) };
  }
  const success = Math.max(...succeeded.map(finishedAt));
  const later = failures.filter((time) => time > success);
  return later.length === 0 ? noFailures : { failures: later.length, last: Math.max(...later) };
}

/** In how many ms the next pod may be made; 0: now. */
export function remainingWait({ failures, last }: FailureRecord, now: number): number {
  if (failures === 0 || last === undefined) return 0;
  const wait = Math.min(firstWait * 2 ** Math.min(failures - 1, 30), longestWait);
  return Math.max(0, last + wait - now);
}

/** The same for one index, whose failures are told by its last failed pod. */
export function remainingWaitOfIndex(lastFailed: Pod | undefined, now: number): number {
  if (lastFailed === undefined) return 0;
  const failures = failureCount(lastFailed) + ignoredFailureCount(lastFailed) + 1;
  return remainingWait({ failures, last: finishedAt(lastFailed) }, now);
}

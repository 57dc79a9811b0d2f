/** How many pods a Job has to make or remove now: manageJob in pkg/controller/job/job_controller.go. Pure. */
import type { Job, Pod } from '../../api/generated/types.ts';
import { isPodTerminating } from '../shared/pods.ts';
import type { FailureRecord } from './backoff.ts';
import { remainingWait, remainingWaitOfIndex } from './backoff.ts';
import { addIndexes, firstFree, mergeIndexes } from './indexes.ts';
import type { IndexState, Observation } from './observe.ts';
import { indexesOf, isSuspended, podsToRemove, replacesOnlyFailed } from './pods.ts';

/** Most pods made or removed in one round. */
const burst = 500;

export type Plan =
  | { readonly act: 'nothing' }
  | { readonly act: 'remove'; readonly pods: readonly Pod[] }
  /** One pod for each entry; undefined for Jobs without indexes. */
  | { readonly act: 'create'; readonly indexes: readonly (number | undefined)[] }
  /** Pods failed lately: come back after so many ms. */
  | { readonly act: 'wait'; readonly ms: number };

export interface PlanFacts {
  readonly pods: readonly Pod[];
  readonly seen: Observation;
  readonly failures: FailureRecord;
  readonly now: number;
}

export function planPods(job: Job, { pods, seen, failures, now }: PlanFacts): Plan {
  const active = seen.active.length;
  if (isSuspended(job)) return active === 0 ? { act: 'nothing' } : { act: 'remove', pods: podsToRemove(job, seen.active, active) };
  const wanted = wantedActive(job, seen);
  const surplus = podsToRemove(job, seen.active, Math.max(0, active - wanted)).slice(0, burst);
  // Either removals or creations in a round, never both; removals come first.
  if (surplus.length > 0) return { act: 'remove', pods: surplus };
  const terminating = replacesOnlyFailed(job) ? pods.filter(isPodTerminating).length : 0;
  const missing = wanted - terminating - active;
  if (missing <= 0) return { act: 'nothing' };
  const perIndex = job.spec.backoffLimitPerIndex !== undefined;
  const wait = perIndex ? 0 : remainingWait(failures, now);
  if (wait > 0) return { act: 'wait', ms: wait };
  const count = Math.min(missing, burst);
  const { indexes } = seen;
  if (indexes === undefined) return { act: 'create', indexes: Array.from({ length: count }, () => undefined) };
  const free = firstFree(takenIndexes(job, pods, { active: seen.active, indexes }), count, job.spec.completions ?? 0);
  return perIndex ? afterWaits(free, indexes.kept, now) : { act: 'create', indexes: free };
}

function wantedActive(job: Job, { active, succeeded }: Observation): number {
  const { completions, parallelism = 1 } = job.spec;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

function takenIndexes(
  job: Job,
  pods: readonly Pod[],
  { active, indexes }: { active: readonly Pod[]; indexes: IndexState },
): ReturnType<typeof mergeIndexes> {
  let taken = addIndexes(indexes.succeeded, indexesOf(active));
  if (replacesOnlyFailed(job)) taken = addIndexes(taken, indexesOf(pods.filter(isPodTerminating)));
  return mergeIndexes(taken, indexes.failed ?? []);
}

/** Each index waits for itself. */
function afterWaits(indexes: readonly number[], kept: ReadonlyMap<number, Pod>, now: number): Plan {
  const waits = indexes.map((index) => ({ index, ms: remainingWaitOfIndex(kept.get(index), now) }));
  const ready = waits.filter(({ ms }) => ms === 0).map(({ index }) => index);
  if (ready.length > 0 || waits.length === 0) return { act: 'create', indexes: ready };
  return { act: 'wait', ms: Math.min(...waits.map(({ ms }) => ms)) };
}

/** What disruption controller and eviction both say of a budget: component-helpers apps/poddisruptionbudget/helpers.go. */
import { withStatusCondition } from './conditions.ts';
import type { PodDisruptionBudget } from './generated/types.ts';

type Status = PodDisruptionBudget['status'];

export const disruptionAllowed = 'DisruptionAllowed';

function verdict({ disruptionsAllowed = 0 }: Status): { readonly status: string; readonly reason: string } {
  return disruptionsAllowed > 0 ? { status: 'True', reason: 'SufficientPods' } : { status: 'False', reason: 'InsufficientPods' };
}

/** The status with the condition DisruptionAllowed as its numbers have it. */
export function withDisruptionAllowed(status: Status, now: string): Status {
  const condition = { type: disruptionAllowed, ...verdict(status), message: '', ...observed(status) };
  return { ...status, conditions: withStatusCondition(status.conditions, condition, now) };
}

/** The status of a budget that could not be worked out: nothing may be disrupted. */
export function withSyncFailure(status: Status, message: string, now: string): Status {
  const condition = { type: disruptionAllowed, status: 'False', reason: 'SyncFailed', message, ...observed(status) };
  return { ...status, disruptionsAllowed: 0, conditions: withStatusCondition(status.conditions, condition, now) };
}

function observed({ observedGeneration }: Status): { observedGeneration?: number } {
  return observedGeneration === undefined ? {} : { observedGeneration };
}

/** Whether the condition says what the numbers say. */
export function saysSo(status: Status): boolean {
  const condition = status.conditions?.find(({ type }) => type === disruptionAllowed);
  const { status: value, reason } = verdict(status);
  return condition?.status === value && condition.reason === reason;
}

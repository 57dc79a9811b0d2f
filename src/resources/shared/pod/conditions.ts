import type { Pod, PodCondition } from '../../../api/generated/types.ts';

/** Sets or replaces a condition in place; its transition time moves only with its status (UpdatePodCondition of pkg/api/pod). */
export function setPodCondition(
  status: Pod['status'],
  condition: Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>,
  now: string,
): void {
  const conditions = (status.conditions ??= []);
  const index = conditions.findIndex((candidate) => candidate.type === condition.type);
  const old = conditions[index];
  const lastTransitionTime = old !== undefined && old.status === condition.status ? (old.lastTransitionTime ?? now) : now;
  const next: PodCondition = { ...condition, lastProbeTime: null as never, lastTransitionTime };
  if (old === undefined) conditions.push(next);
  else conditions[index] = next;
}

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status.conditions?.find((condition) => condition.type === type);
}

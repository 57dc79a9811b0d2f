/** The condition DisruptionTarget of pods that were not deleted after all. Pure; disruption/disruption.go syncStalePodDisruption. */
import type { Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { isPodTerminal, podCondition } from '../shared/pods.ts';

/** How long after it was set the condition is taken back, in ms. */
const timeoutMs = 120_000;

const type = 'DisruptionTarget';

/** Whether the pod is marked and not going; the kubelet's own mark is none of ours. */
export function hasStaleDisruption(pod: Pod): boolean {
  const condition = podCondition(pod, type);
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return false;
  return pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod);
}

/** The status without the mark, and in how many ms it is due. */
export function withoutDisruption(pod: Pod, now: number): { readonly status: Pod['status']; readonly wait: number } {
  const since = podCondition(pod, type)?.lastTransitionTime;
  const wait = since === undefined ? 0 : Math.max(0, Date.parse(since) + timeoutMs - now);
  const { generation } = pod.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const cleared = { type, ...observed, status: 'False', lastTransitionTime: rfc3339(now) };
  const conditions = (pod.status.conditions ?? []).map((condition) => (condition.type === type ? cleared : condition));
  return { status: { ...pod.status, conditions }, wait };
}

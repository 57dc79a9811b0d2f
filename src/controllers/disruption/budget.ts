/** The numbers of a PodDisruptionBudget. Pure; disruption/disruption.go. */
import type { Pod, PodDisruptionBudget } from '../../api/generated/types.ts';
import { saysSo, withDisruptionAllowed } from '../../api/disruption.ts';
import { rfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import { scaledValue } from '../shared/int-or-percent.ts';
import { isPodReady } from '../shared/pods.ts';

type Status = PodDisruptionBudget['status'];

/** How long an evicted pod may take until its deletion shows, in ms. */
export const deletionTimeoutMs = 120_000;

/** Whether the numbers depend on how many pods the controllers want. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

export interface Expectation {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/** `scale` is what the pods' controllers want together. */
export function expectation({ spec }: PodDisruptionBudget, pods: readonly Pod[], scale: number): Expectation {
  if (spec.maxUnavailable !== undefined) {
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - scaledValue(spec.maxUnavailable, scale, true)) };
  }
  if (typeof spec.minAvailable === 'string') return { expectedPods: scale, desiredHealthy: scaledValue(spec.minAvailable, scale, true) };
  return spec.minAvailable === undefined
    ? { expectedPods: 0, desiredHealthy: 0 }
    : { expectedPods: pods.length, desiredHealthy: spec.minAvailable };
}

export interface Disrupted {
  /** Pods whose eviction was granted and whose deletion does not show yet, with the time of it. */
  readonly pods: Readonly<Record<string, string>>;
  /** Pods that should have been deleted long ago. */
  readonly overdue: readonly Pod[];
  /** Ms until the next of them is overdue. */
  readonly recheckIn: number | undefined;
}

export function disruptedPods({ status }: PodDisruptionBudget, pods: readonly Pod[], now: number): Disrupted {
  const waiting: Record<string, string> = {};
  const overdue: Pod[] = [];
  let recheckIn: number | undefined;
  for (const pod of pods) {
    const since = status.disruptedPods?.[pod.metadata.name];
    if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const left = Date.parse(since) + deletionTimeoutMs - now;
    if (left < 0) overdue.push(pod);
    else {
      waiting[pod.metadata.name] = since;
      recheckIn = Math.min(recheckIn ?? Infinity, left + 1);
    }
  }
  return { pods: waiting, overdue, recheckIn };
}

/** Ready, and neither going nor about to. */
export function countHealthy(pods: readonly Pod[], disrupted: Disrupted): number {
  return pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && disrupted.pods[pod.metadata.name] === undefined && isPodReady(pod),
  ).length;
}

/** The status to write; undefined when the stored one says the same. */
export function nextStatus(
  { status, metadata }: PodDisruptionBudget,
  counted: Expectation & { readonly currentHealthy: number; readonly disrupted: Disrupted },
  now: number,
): Status | undefined {
  const { expectedPods, desiredHealthy, currentHealthy, disrupted } = counted;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const numbers = { currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods, observedGeneration: metadata.generation ?? 0 };
  const same = Object.entries(numbers).every(([field, value]) => ((status[field as keyof Status] as number | undefined) ?? 0) === value);
  if (same && jsonEqual(status.disruptedPods ?? {}, disrupted.pods) && saysSo(status)) return undefined;
  const next: Status = {
    ...numbers,
    ...(Object.keys(disrupted.pods).length === 0 ? {} : { disruptedPods: disrupted.pods }),
    ...(status.conditions === undefined ? {} : { conditions: status.conditions }),
  };
  return withDisruptionAllowed(next, rfc3339(now));
}

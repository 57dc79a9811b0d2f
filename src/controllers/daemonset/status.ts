/** What a DaemonSet's status says. Pure; daemon/daemon_controller.go updateDaemonSetStatus. */
import type { DaemonSetStatus } from '../../api/generated/types.ts';
import { omitZeros } from '../shared/omit-zeros.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import { isUpToDate, oldestFirst } from './nodes.ts';
import type { Facts } from './plan.ts';

type Counts = Required<Omit<DaemonSetStatus, 'conditions' | 'collisionCount' | 'observedGeneration'>>;

export function countNodes({ set, hash, nodes, placement, podsByNode, now }: Facts): Counts {
  const counts = {
    desiredNumberScheduled: 0,
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
    updatedNumberScheduled: 0,
    numberAvailable: 0,
    numberUnavailable: 0,
  };
  for (const node of nodes) {
    const [pod] = oldestFirst(podsByNode.get(node.metadata.name) ?? []);
    if (!placement(node).shouldRun) {
      if (pod !== undefined) counts.numberMisscheduled += 1;
      continue;
    }
    counts.desiredNumberScheduled += 1;
    if (pod === undefined) continue;
    counts.currentNumberScheduled += 1;
    if (isPodReady(pod)) counts.numberReady += 1;
    if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now)) counts.numberAvailable += 1;
    if (isUpToDate(pod, set, hash)) counts.updatedNumberScheduled += 1;
  }
  return { ...counts, numberUnavailable: counts.desiredNumberScheduled - counts.numberAvailable };
}

/** The status to write; undefined when the stored one says the same. */
export function nextStatus(facts: Facts, observed: boolean): DaemonSetStatus | undefined {
  const { status, metadata } = facts.set;
  const counts = countNodes(facts);
  const same = (Object.keys(counts) as (keyof Counts)[]).every((field) => (status[field] ?? 0) === counts[field]);
  if (same && (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)) return undefined;
  const generation = observed ? metadata.generation : status.observedGeneration;
  const next = { ...status, ...counts, ...(generation === undefined ? {} : { observedGeneration: generation }) };
  return omitZeros<DaemonSetStatus>(next, ['updatedNumberScheduled', 'numberAvailable', 'numberUnavailable']);
}

/** What a StatefulSet's status says of its pods. Pure; statefulset/stateful_set_control.go updateStatus. */
import type { Pod, StatefulSet, StatefulSetStatus } from '../../api/generated/types.ts';
import { omitZeros } from '../shared/omit-zeros.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import { replicasOf, revisionOf } from './identity.ts';

/** Every field the controller writes. */
export type Counted = Required<Omit<StatefulSetStatus, 'conditions'>>;

export interface StatusFacts {
  readonly set: StatefulSet;
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly collisionCount: number;
  readonly now: number;
}

export function isReady(pod: Pod): boolean {
  return pod.status.phase === 'Running' && isPodReady(pod);
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isUnavailable(pod: Pod | undefined, minReadySeconds: number, now: number): boolean {
  return pod === undefined || isTerminating(pod) || !isPodAvailable(pod, minReadySeconds, now);
}

export function countPods(pods: readonly Pod[], { set, currentRevision, updateRevision, collisionCount, now }: StatusFacts): Counted {
  const count = (which: (pod: Pod) => boolean): number => pods.filter(which).length;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: count(isReady),
    availableReplicas: count((pod) => isReady(pod) && isPodAvailable(pod, minReadySeconds, now)),
    currentReplicas: count((pod) => !isTerminating(pod) && revisionOf(pod) === currentRevision),
    updatedReplicas: count((pod) => !isTerminating(pod) && revisionOf(pod) === updateRevision),
    currentRevision,
    updateRevision,
    collisionCount,
  };
}

/** When every pod is of the update revision and ready, that revision is the current one. */
export function completeRollout(set: StatefulSet, status: Counted): Counted {
  const replicas = replicasOf(set);
  const done = status.updatedReplicas === replicas && status.readyReplicas === replicas && status.replicas === replicas;
  if (set.spec.updateStrategy?.type !== 'RollingUpdate' || !done) return status;
  return { ...status, currentReplicas: status.updatedReplicas, currentRevision: status.updateRevision };
}

/** Whether something changed that is worth a write; a count of 0 is stored as none. */
export function needsWrite(old: StatefulSetStatus, status: Counted): boolean {
  if (status.observedGeneration > (old.observedGeneration ?? 0)) return true;
  const counts = ['replicas', 'readyReplicas', 'availableReplicas', 'currentReplicas', 'updatedReplicas'] as const;
  if (counts.some((field) => (old[field] ?? 0) !== status[field])) return true;
  return (old.currentRevision ?? '') !== status.currentRevision || (old.updateRevision ?? '') !== status.updateRevision;
}

/** The status as it is written. */
export function stored(status: Counted): StatefulSetStatus {
  return omitZeros<StatefulSetStatus>(status, ['observedGeneration', 'readyReplicas', 'currentReplicas', 'updatedReplicas']);
}

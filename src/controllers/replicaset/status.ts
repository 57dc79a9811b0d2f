/** Status of a ReplicaSet or ReplicationController from its pods: pkg/controller/replicaset/replica_set_utils.go. */
import type { Pod, ReplicaSetCondition, ReplicaSetStatus } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { messageOf } from '../shared/pod-control.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';

export interface StatusFacts {
  readonly old: ReplicaSetStatus;
  readonly generation: number | undefined;
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly templateLabels: Readonly<Record<string, string>>;
  readonly active: readonly Pod[];
  /** Undefined: the kind has no such field. */
  readonly terminating: number | undefined;
  /** What creating or deleting pods failed with. */
  readonly failure: unknown;
  readonly now: number;
}

export function calculateStatus(facts: StatusFacts): ReplicaSetStatus {
  const labels = Object.entries(facts.templateLabels);
  const ready = facts.active.filter(isPodReady);
  const conditions = conditionsOf(facts);
  const generation = facts.generation ?? facts.old.observedGeneration;
  return {
    replicas: facts.active.length,
    ...positive(
      'fullyLabeledReplicas',
      facts.active.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value)).length,
    ),
    ...positive('readyReplicas', ready.length),
    ...positive('availableReplicas', ready.filter((pod) => isPodAvailable(pod, facts.minReadySeconds, facts.now)).length),
    ...(facts.terminating === undefined ? {} : { terminatingReplicas: facts.terminating }),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

/** Go leaves zeros of these fields out. */
function positive<Name extends string>(name: Name, value: number): Partial<Record<Name, number>> {
  return value === 0 ? {} : ({ [name]: value } as Record<Name, number>);
}

function conditionsOf({ old, failure, active, replicas, now }: StatusFacts): ReplicaSetCondition[] {
  const others = (old.conditions ?? []).filter((condition) => condition.type !== 'ReplicaFailure');
  const current = old.conditions?.find((condition) => condition.type === 'ReplicaFailure');
  if (failure === undefined) return others;
  if (current !== undefined) return [...(old.conditions ?? [])];
  const reason = active.length < replicas ? 'FailedCreate' : 'FailedDelete';
  return [...others, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: rfc3339(now), reason, message: messageOf(failure) }];
}

/** A Deployment's status and conditions: deployment/{sync,progress}.go and util/deployment_util.go. Pure. */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { replicasOf } from './rollout.ts';
import { desired, maxUnavailable } from './strategy.ts';

export const reasons = {
  replicaSetUpdated: 'ReplicaSetUpdated',
  replicaSetCreateError: 'ReplicaSetCreateError',
  newReplicaSetCreated: 'NewReplicaSetCreated',
  foundNewReplicaSet: 'FoundNewReplicaSet',
  newReplicaSetAvailable: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
} as const;

type Conditions = readonly DeploymentCondition[];

export function conditionOf(conditions: Conditions | undefined, type: string): DeploymentCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** A fresh condition of type Progressing. */
export function progressing(status: 'True' | 'False' | 'Unknown', reason: string, message: string, now: number): DeploymentCondition {
  return makeCondition('Progressing', status, { reason, message, now });
}

function makeCondition(type: string, status: string, facts: { reason: string; message: string; now: number }): DeploymentCondition {
  const time = rfc3339(facts.now);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason: facts.reason, message: facts.message };
}

/** Replaces the condition of this type, unless status and reason are as before; the transition time stays while the status does. */
export function withCondition(conditions: Conditions, condition: DeploymentCondition): DeploymentCondition[] {
  const current = conditionOf(conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return [...conditions];
  const kept =
    current?.status === condition.status && current.lastTransitionTime !== undefined
      ? { lastTransitionTime: current.lastTransitionTime }
      : {};
  return [...withoutCondition(conditions, condition.type), { ...condition, ...kept }];
}

export function withoutCondition(conditions: Conditions, type: string): DeploymentCondition[] {
  return conditions.filter((condition) => condition.type !== type);
}

export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== 2147483647;
}

/** What a status is made of. `conditions` and `collisionCount` are those of this round, which may be newer than stored ones. */
export interface StatusFacts {
  readonly deployment: Deployment;
  readonly conditions: Conditions;
  readonly collisionCount: number | undefined;
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  readonly now: number;
}

const count = (sets: readonly ReplicaSet[], field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
  sets.reduce((sum, set) => sum + (set.status[field] ?? 0), 0);

/** Go leaves zeros of these fields out. */
function positive<Name extends string>(name: Name, value: number): Partial<Record<Name, number>> {
  return value === 0 ? {} : ({ [name]: value } as Record<Name, number>);
}

export function calculateStatus(facts: StatusFacts): DeploymentStatus {
  const { deployment, current, old, collisionCount, now } = facts;
  const all = current === undefined ? old : [...old, current];
  const available = count(all, 'availableReplicas');
  const terminating = terminatingReplicas(all);
  const isAvailable = available >= desired(deployment) - maxUnavailable(deployment);
  const availability = isAvailable
    ? makeCondition('Available', 'True', { reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.', now })
    : makeCondition('Available', 'False', {
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
        now,
      });
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...positive('replicas', count(all, 'replicas')),
    ...positive('updatedReplicas', current?.status.replicas ?? 0),
    ...positive('readyReplicas', count(all, 'readyReplicas')),
    ...positive('availableReplicas', available),
    ...positive('unavailableReplicas', Math.max(0, replicasOf(all) - available)),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    conditions: withCondition(facts.conditions, availability),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
}

/** Undefined while a ReplicaSet that was looked at before does not tell. */
function terminatingReplicas(sets: readonly ReplicaSet[]): number | undefined {
  let sum = 0;
  for (const { status } of sets) {
    if (status.terminatingReplicas === undefined && (status.observedGeneration ?? 0) !== 0) return undefined;
    sum += status.terminatingReplicas ?? 0;
  }
  return sum;
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = desired(deployment);
  const all = [status.updatedReplicas, status.replicas, status.availableReplicas].every((value) => (value ?? 0) === wanted);
  return all && (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

function hasProgressed(old: DeploymentStatus, status: DeploymentStatus): boolean {
  const value = (of: DeploymentStatus, field: 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): number =>
    of[field] ?? 0;
  const oldOnes = (of: DeploymentStatus): number => value(of, 'replicas') - value(of, 'updatedReplicas');
  return (
    value(status, 'updatedReplicas') > value(old, 'updatedReplicas') ||
    oldOnes(status) < oldOnes(old) ||
    value(status, 'readyReplicas') > value(old, 'readyReplicas') ||
    value(status, 'availableReplicas') > value(old, 'availableReplicas')
  );
}

function hasTimedOut(deployment: Deployment, condition: DeploymentCondition | undefined, now: number): boolean {
  if (!hasProgressDeadline(deployment) || condition === undefined || condition.reason === reasons.newReplicaSetAvailable) return false;
  if (condition.reason === reasons.timedOut) return true;
  return Date.parse(condition.lastUpdateTime ?? '') + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 < now;
}

/** Status with the Progressing and ReplicaFailure conditions of a rollout under way. */
export function rolloutStatus(facts: StatusFacts): DeploymentStatus {
  const status = calculateStatus(facts);
  const conditions = withProgress(facts, status);
  const failure = replicaFailure(facts);
  return {
    ...status,
    conditions: failure === undefined ? withoutCondition(conditions, 'ReplicaFailure') : withCondition(conditions, failure),
  };
}

function withProgress(facts: StatusFacts, status: DeploymentStatus): DeploymentCondition[] {
  const { deployment, current, now } = facts;
  const conditions = status.conditions ?? [];
  if (!hasProgressDeadline(deployment)) return withoutCondition(conditions, 'Progressing');
  const before = conditionOf(facts.conditions, 'Progressing');
  if ((status.replicas ?? 0) === (status.updatedReplicas ?? 0) && before?.reason === reasons.newReplicaSetAvailable) return conditions;
  const subject = current === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${current.metadata.name}"`;
  if (isComplete(deployment, status)) {
    return withCondition(conditions, progressing('True', reasons.newReplicaSetAvailable, `${subject} has successfully progressed.`, now));
  }
  if (hasProgressed(deployment.status, status)) {
    const condition = progressing('True', reasons.replicaSetUpdated, `${subject} is progressing.`, now);
    const since =
      before?.status === 'True' && before.lastTransitionTime !== undefined ? { lastTransitionTime: before.lastTransitionTime } : {};
    return [...withoutCondition(conditions, 'Progressing'), { ...condition, ...since }];
  }
  if (hasTimedOut(deployment, before, now)) {
    return withCondition(conditions, progressing('False', reasons.timedOut, `${subject} has timed out progressing.`, now));
  }
  return conditions;
}

/** The first ReplicaFailure of the new ReplicaSet, else of any. */
function replicaFailure({ current, old }: StatusFacts): DeploymentCondition | undefined {
  for (const set of current === undefined ? old : [current, ...old]) {
    const found = set.status.conditions?.find((condition) => condition.type === 'ReplicaFailure');
    if (found === undefined) continue;
    return { ...found, ...(found.lastTransitionTime === undefined ? {} : { lastUpdateTime: found.lastTransitionTime }) };
  }
  return undefined;
}

/** In how many ms the progress deadline has to be looked at again; undefined when it need not. */
export function nextProgressCheck(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const condition = conditionOf(status.conditions, 'Progressing');
  if (!hasProgressDeadline(deployment) || condition === undefined) return undefined;
  if (isComplete(deployment, status) || condition.reason === reasons.timedOut) return undefined;
  const after = Date.parse(condition.lastUpdateTime ?? '') + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - now;
  return Math.max(after, 0) + 1000;
}

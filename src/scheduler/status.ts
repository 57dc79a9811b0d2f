/** What the scheduler writes into a pod's status. */
import type { Pod, PodCondition } from '../api/generated/types.ts';
import { rfc3339 } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import { refs } from '../client/refs.ts';

export interface SchedulingFailure {
  readonly reason: string;
  readonly message: string;
  /** The node that is being emptied for the pod; '' for none any more, undefined to leave that as it is. */
  readonly nominated: string | undefined;
  readonly now: number;
}

/** PodScheduled=False, unless it says so already. */
export async function markUnschedulable(client: Client, pod: Pod, failure: SchedulingFailure): Promise<void> {
  const { reason, message, nominated } = failure;
  const current = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled');
  const known = current?.status === 'False' && current.reason === reason && current.message === message;
  const moves = nominated !== undefined && (pod.status.nominatedNodeName ?? '') !== nominated;
  if (known && !moves) return;
  const condition = conditionFor(pod, { type: 'PodScheduled', status: 'False', reason, message }, failure.now);
  await patchStatus(client, pod, { ...(known ? {} : { conditions: [condition] }), ...(moves ? nomination(nominated) : {}) });
}

/** status.nominatedNodeName before something else is done about the pod. */
export async function nominate(client: Client, pod: Pod, node: string): Promise<void> {
  if ((pod.status.nominatedNodeName ?? '') !== node) await patchStatus(client, pod, nomination(node));
}

export async function clearNomination(client: Client, pod: Pod): Promise<void> {
  await nominate(client, pod, '');
}

function nomination(node: string): { nominatedNodeName: string | null } {
  return { nominatedNodeName: node === '' ? null : node };
}

/** DisruptionTarget on a pod that has to go. */
export async function markVictim(client: Client, pod: Pod, { by, now }: { readonly by: string; readonly now: number }): Promise<void> {
  const message = `${by}: preempting to accommodate a higher priority pod`;
  const condition = conditionFor(pod, { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message }, now);
  await patchStatus(client, pod, { conditions: [condition] });
}

function conditionFor(pod: Pod, condition: PodCondition, now: number): PodCondition {
  const current = pod.status.conditions?.find(({ type }) => type === condition.type);
  const since = current?.status === condition.status ? current.lastTransitionTime : undefined;
  const generation = pod.metadata.generation;
  return {
    ...condition,
    lastTransitionTime: since ?? rfc3339(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

async function patchStatus(client: Client, pod: Pod, status: object): Promise<void> {
  const { namespace = '', name, uid } = pod.metadata;
  await client
    .resource(refs.pods)
    .patch(namespace, name, { type: 'application/strategic-merge-patch+json', subresource: 'status', body: { metadata: { uid }, status } });
}

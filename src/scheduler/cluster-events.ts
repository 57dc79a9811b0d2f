/** What happens in the cluster that may help a pod no node would take: scheduler framework/events.go. */
import type { Node, Pod } from '../api/generated/types.ts';
import { jsonEqual } from '../base/json-equal.ts';
import { podRequests, resizedRequests } from './resources.ts';

export type EventResource =
  | 'AssignedPod'
  | 'UnscheduledPod'
  | 'Node'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'StorageClass'
  | 'CSINode'
  | 'CSIDriver'
  | 'CSIStorageCapacity'
  | 'VolumeAttachment';

/** Bits, so that a plugin can ask for several at once. */
export const actions = {
  add: 1,
  delete: 2,
  nodeAllocatable: 4,
  nodeLabel: 8,
  nodeTaint: 16,
  nodeCondition: 32,
  nodeAnnotation: 64,
  nodeFeatures: 128,
  podLabel: 256,
  podScaleDown: 512,
  podToleration: 1024,
  podGatesGone: 2048,
  podOther: 4096,
  /** Of kinds whose changes are not told apart. */
  update: 8192,
} as const;

export interface ClusterEvent {
  readonly resource: EventResource;
  /** One of {@link actions}. */
  readonly action: number;
  /** Missing for additions. */
  readonly old?: unknown;
  /** Missing for deletions. */
  readonly object?: unknown;
}

/** An event that a plugin wants to hear of, for pods it has rejected. */
export interface Interest {
  /** `Pod` stands for both kinds of pods. */
  readonly resource: EventResource | 'Pod';
  readonly actions: number;
}

export function concerns(interest: Interest, { resource, action }: ClusterEvent): boolean {
  const same = interest.resource === 'Pod' ? resource === 'AssignedPod' || resource === 'UnscheduledPod' : interest.resource === resource;
  return same && (interest.actions & action) !== 0;
}

/** What of a node changed that can matter to a pod; nothing: no event. */
export function nodeChanges(old: Node, node: Node): number[] {
  const found: number[] = [];
  if (old.spec.unschedulable === true && node.spec.unschedulable !== true) found.push(actions.nodeTaint);
  if (!jsonEqual(old.status.allocatable, node.status.allocatable)) found.push(actions.nodeAllocatable);
  if (!jsonEqual(old.metadata.labels, node.metadata.labels)) found.push(actions.nodeLabel);
  if (!jsonEqual(old.spec.taints, node.spec.taints) && !found.includes(actions.nodeTaint)) found.push(actions.nodeTaint);
  if (!jsonEqual(old.status.declaredFeatures, node.status.declaredFeatures)) found.push(actions.nodeFeatures);
  return found;
}

/** What of a pod changed; {@link actions}.podOther when it is nothing in particular. */
export function podChanges(old: Pod, pod: Pod): number[] {
  const found: number[] = [];
  if (!jsonEqual(old.metadata.labels, pod.metadata.labels)) found.push(actions.podLabel);
  if (isScaledDown(old, pod)) found.push(actions.podScaleDown);
  if ((pod.spec.schedulingGates?.length ?? 0) === 0 && (old.spec.schedulingGates?.length ?? 0) > 0) found.push(actions.podGatesGone);
  if (pod.spec.tolerations?.length !== old.spec.tolerations?.length) found.push(actions.podToleration);
  return found.length === 0 ? [actions.podOther] : found;
}

/** Requests only change in steps that count as a new generation, or when the status of containers follows them. */
function isScaledDown(old: Pod, pod: Pod): boolean {
  if ((pod.metadata.generation ?? 1) <= 1 && (old.spec === pod.spec || old.metadata.generation === pod.metadata.generation)) return false;
  const now = podRequests(pod, resizedRequests(pod));
  for (const [name, amount] of podRequests(old, resizedRequests(old))) if (amount > (now.get(name) ?? 0)) return true;
  return false;
}

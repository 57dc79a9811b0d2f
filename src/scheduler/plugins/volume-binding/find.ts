/** Which volumes a pod would use on a node: volumebinding binder.go. */
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { labelMatcher } from '../../../api/label-selector.ts';
import { joinKey } from '../../../client/informer-store.ts';
import type { Cluster } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { PodInfo } from '../../pod-info.ts';
import { bytes } from '../../resources.ts';
import {
  allowsNode,
  annotations,
  checkOwned,
  claimNameOf,
  findVolume,
  isFullyBound,
  matchesTopology,
  noProvisioner,
  requestOf,
  storageClassOf,
} from '../../volume-matching.ts';
import type { VolumeView } from '../../volume-view.ts';

export interface Binding {
  readonly volume: PersistentVolume;
  readonly claim: PersistentVolumeClaim;
}

/** What has to be bound or made for the pod on a node. */
export interface PodVolumes {
  readonly bindings: readonly Binding[];
  readonly provisions: readonly PersistentVolumeClaim[];
}

/** The pod's claims, by what has to be done about them. */
export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  readonly delayed: readonly PersistentVolumeClaim[];
  readonly immediate: readonly PersistentVolumeClaim[];
}

/** Why the pod's claims cannot be used at all; undefined: they can. `hasClaims` is false when there are none. */
export function checkClaims(pod: PodInfo, { volumes }: Cluster): { readonly hasClaims: boolean; readonly problem?: string } {
  let hasClaims = false;
  for (const volume of pod.class.volumes) {
    const name = claimNameOf(pod.pod, volume);
    if (name === undefined) continue;
    hasClaims = true;
    const claim = volumes.claim(joinKey(pod.namespace, name));
    const isEphemeral = volume.ephemeral !== undefined;
    if (claim === undefined) {
      const waits = `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`;
      return { hasClaims, problem: isEphemeral ? waits : `persistentvolumeclaim "${name}" not found` };
    }
    if (claim.status.phase === 'Lost') {
      const problem = `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`;
      return { hasClaims, problem };
    }
    if (claim.metadata.deletionTimestamp !== undefined) return { hasClaims, problem: `persistentvolumeclaim "${name}" is being deleted` };
    if (isEphemeral) checkOwned(pod.pod, claim);
  }
  return { hasClaims };
}

export function sortClaims(pod: PodInfo, { volumes }: Cluster): PodClaims {
  const found = { bound: [] as PersistentVolumeClaim[], delayed: [] as PersistentVolumeClaim[], immediate: [] as PersistentVolumeClaim[] };
  for (const volume of pod.class.volumes) {
    const name = claimNameOf(pod.pod, volume);
    const claim = name === undefined ? undefined : volumes.claim(joinKey(pod.namespace, name));
    if (claim === undefined) continue;
    if (isFullyBound(claim)) found.bound.push(claim);
    else if ((claim.spec.volumeName ?? '') === '' && isDelayed(claim, volumes)) found.delayed.push(claim);
    else found.immediate.push(claim);
  }
  return found;
}

function isDelayed(claim: PersistentVolumeClaim, volumes: VolumeView): boolean {
  return volumes.storageClass(storageClassOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** Reasons why the node has not got, nor can have, the volumes. Throws when a class is missing. */
export function findPodVolumes(
  claims: PodClaims,
  node: NodeInfo,
  { volumes }: Cluster,
): PodVolumes | { readonly reasons: readonly string[] } {
  const reasons: string[] = [];
  for (const claim of claims.bound) {
    const volume = volumes.volume(claim.spec.volumeName ?? '');
    if (volume === undefined) reasons.push('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
    else if (!allowsNode(volume, node)) reasons.push("node(s) didn't match PersistentVolume's node affinity");
    else continue;
    break;
  }
  const found = findUnbound(claims.delayed, node, volumes);
  if ('reason' in found) reasons.push(found.reason);
  if (reasons.length > 0 || 'reason' in found) return { reasons };
  return found;
}

const noVolumes = "node(s) didn't find available persistent volumes to bind";

function findUnbound(
  claims: readonly PersistentVolumeClaim[],
  node: NodeInfo,
  volumes: VolumeView,
): PodVolumes | { readonly reason: string } {
  const toProvision: PersistentVolumeClaim[] = [];
  const toMatch: PersistentVolumeClaim[] = [];
  for (const claim of claims) {
    const selected = claim.metadata.annotations?.[annotations.selectedNode];
    if (selected === undefined) toMatch.push(claim);
    else if (selected === node.name) toProvision.push(claim);
    else return { reason: noVolumes };
  }
  const bindings: Binding[] = [];
  const taken = new Set<string>();
  for (const claim of toMatch.toSorted((a, b) => requestOf(a) - requestOf(b))) {
    const volume = findVolume(claim, volumes.volumesOfClass(storageClassOf(claim)), { node, taken });
    if (volume === undefined) toProvision.push(claim);
    else {
      taken.add(volume.metadata.name);
      bindings.push({ volume, claim });
    }
  }
  for (const claim of toProvision) {
    const reason = whyNotProvisioned(claim, node, volumes);
    if (reason !== undefined) return { reason };
  }
  return { bindings, provisions: toProvision };
}

function whyNotProvisioned(claim: PersistentVolumeClaim, node: NodeInfo, volumes: VolumeView): string | undefined {
  const className = storageClassOf(claim);
  const key = joinKey(claim.metadata.namespace ?? '', claim.metadata.name);
  if (className === '') throw new Error(`no class for claim "${key}"`);
  const storageClass = volumes.storageClass(className);
  if (storageClass === undefined) throw new Error(`failed to find storage class "${className}"`);
  const { provisioner, allowedTopologies } = storageClass;
  if (provisioner === '' || provisioner === noProvisioner || !matchesTopology(allowedTopologies, node.labels)) return noVolumes;
  if (volumes.csiDriver(provisioner)?.spec.storageCapacity !== true) return undefined;
  const size = requestOf(claim);
  for (const capacity of volumes.capacities()) {
    if (capacity.storageClassName !== className || capacity.nodeTopology === undefined) continue;
    const limit = capacity.maximumVolumeSize ?? capacity.capacity;
    if (limit !== undefined && bytes(limit) >= size && labelMatcher(capacity.nodeTopology)(node.labels)) return undefined;
  }
  return 'node(s) did not have enough free storage';
}

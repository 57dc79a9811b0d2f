/** Which volume a claim can have: component-helpers storage/volume/pv_helpers.go and apis/core/v1/helper. */
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, TopologySelectorTerm, Volume } from '../api/generated/types.ts';
import type { Labels } from '../api/label-selector.ts';
import { labelMatcher } from '../api/label-selector.ts';
import { matchesNodeTerm } from '../api/node-selector.ts';
import { bytes } from './resources.ts';

export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  selectedNode: 'volume.kubernetes.io/selected-node',
  betaStorageClass: 'volume.beta.kubernetes.io/storage-class',
} as const;

/** A class of this provisioner makes no volumes. */
export const noProvisioner = 'kubernetes.io/no-provisioner';

/** Name of the claim a volume of a pod stands for; undefined: it is no claim. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral === undefined ? undefined : `${pod.metadata.name}-${volume.name}`;
}

/** Whether one of the pod's volumes stands for the claim. */
export function usesClaim(
  { pod, namespace }: { readonly pod: Pod; readonly namespace: string },
  { metadata }: PersistentVolumeClaim,
): boolean {
  return metadata.namespace === namespace && pod.spec.volumes?.some((volume) => claimNameOf(pod, volume) === metadata.name) === true;
}

/** The claim of an ephemeral volume must have been made for the pod. Throws. */
export function checkOwned(pod: Pod, claim: PersistentVolumeClaim): void {
  const owner = claim.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner?.uid === pod.metadata.uid) return;
  const { namespace = '', name } = claim.metadata;
  throw new Error(`PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`);
}

/** The older annotation wins. */
export function storageClassOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata.annotations?.[annotations.betaStorageClass] ?? spec.storageClassName ?? '';
}

export function requestOf(claim: PersistentVolumeClaim): number {
  return bytes(claim.spec.resources?.requests?.['storage']);
}

export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (spec.volumeName ?? '') !== '' && metadata.annotations?.[annotations.bindCompleted] !== undefined;
}

/** Whether a volume can be used on a node. */
export function allowsNode(volume: PersistentVolume, node: { readonly name: string; readonly labels: Labels }): boolean {
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesNodeTerm({ matchExpressions: term.matchExpressions ?? [] }, node));
}

/** Terms are alternatives; none means every node. */
export function matchesTopology(terms: readonly TopologySelectorTerm[] | undefined, labels: Labels): boolean {
  if (terms === undefined || terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => {
      const value = labels[key];
      return value !== undefined && values.includes(value);
    }),
  );
}

export function isBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec.claimRef;
  if (reference === undefined) return false;
  if (reference.name !== claim.metadata.name || reference.namespace !== claim.metadata.namespace) return false;
  return (reference.uid ?? '') === '' || reference.uid === claim.metadata.uid;
}

interface MatchInput {
  readonly node: { readonly name: string; readonly labels: Labels };
  /** Names of volumes that are taken. */
  readonly taken: ReadonlySet<string>;
}

/** The smallest volume that satisfies the claim on the node; one bound to it already goes first. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  input: MatchInput,
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (input.taken.has(volume.metadata.name) || !couldServe(volume, claim)) continue;
    const reachable = allowsNode(volume, input.node);
    if (isBoundTo(volume, claim)) return reachable ? volume : undefined;
    if (!reachable || !isFree(volume, claim)) continue;
    if (best === undefined || capacityOf(volume) < capacityOf(best)) best = volume;
  }
  return best;
}

export function capacityOf(volume: PersistentVolume): number {
  return bytes(volume.spec.capacity?.['storage']);
}

function couldServe(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (volume.spec.claimRef !== undefined && !isBoundTo(volume, claim)) return false;
  if (capacityOf(volume) < requestOf(claim)) return false;
  if ((volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) return false;
  if ((volume.spec.volumeAttributesClassName ?? '') !== (claim.spec.volumeAttributesClassName ?? '')) return false;
  return volume.metadata.deletionTimestamp === undefined;
}

function isFree(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (volume.status.phase !== 'Available') return false;
  if (claim.spec.selector !== undefined && !labelMatcher(claim.spec.selector)(volume.metadata.labels)) return false;
  if (storageClassOf(volume) !== storageClassOf(claim)) return false;
  return claim.spec.accessModes?.every((mode) => volume.spec.accessModes?.includes(mode) === true) ?? true;
}

/** A copy of the volume that names the claim (GetBindVolumeToClaim); undefined when it does already. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const copy = structuredClone(volume);
  const reference = volume.spec.claimRef;
  const { namespace = '', name, uid, resourceVersion } = claim.metadata;
  let changed = false;
  if (reference?.name !== name || reference.namespace !== namespace || reference.uid !== uid) {
    copy.spec.claimRef = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion };
    changed = true;
  }
  if (!isBoundTo(volume, claim) && copy.metadata.annotations?.[annotations.boundByController] === undefined) {
    copy.metadata.annotations = { ...copy.metadata.annotations, [annotations.boundByController]: 'yes' };
    changed = true;
  }
  return changed ? copy : undefined;
}

/** A copy of the claim that names the node its volume is wanted for. */
export function claimForNode(claim: PersistentVolumeClaim, node: Node['metadata']['name']): PersistentVolumeClaim {
  const copy = structuredClone(claim);
  copy.metadata.annotations = { ...copy.metadata.annotations, [annotations.selectedNode]: node };
  return copy;
}

/** Which volume a claim can have: component-helpers storage/volume/pv_helpers.go and apis/core/v1/helper. */
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, TopologySelectorTerm, Volume } from '../api/generated/types.ts';
import type { Labels } from '../api/label-selector.ts';
import { boundVolume as bind, findVolume as find, volumeAnnotations } from '../api/volume-binding.ts';
import { bytes } from './resources.ts';

export { classOf as storageClassOf, isReachableFrom as allowsNode } from '../api/volume-binding.ts';

export const annotations = volumeAnnotations;

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

export function requestOf(claim: PersistentVolumeClaim): number {
  return bytes(claim.spec.resources?.requests?.['storage']);
}

export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (spec.volumeName ?? '') !== '' && metadata.annotations?.[annotations.bindCompleted] !== undefined;
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
  return find(claim, volumes, { node: input.node, excluded: input.taken });
}

/** A copy of the volume that names the claim (GetBindVolumeToClaim); undefined when it does already. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const bound = bind(volume, claim);
  return bound === volume ? undefined : bound;
}

/** A copy of the claim that names the node its volume is wanted for. */
export function claimForNode(claim: PersistentVolumeClaim, node: Node['metadata']['name']): PersistentVolumeClaim {
  const copy = structuredClone(claim);
  copy.metadata.annotations = { ...copy.metadata.annotations, [annotations.selectedNode]: node };
  return copy;
}

/**
 * Which volume suits a claim; shared by the binder and the scheduler: component-helpers storage/volume/pv_helpers.go,
 * helpers.go. Pure.
 */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from './generated/types.ts';
import { labelMatcher } from './label-selector.ts';
import type { NodeFacts } from './node-selector.ts';
import { matchesNodeSelector } from './node-selector.ts';
import { parseQuantity, type Quantity, zeroQuantity } from './quantity.ts';

/** Annotations by which binder, scheduler and provisioners work together. */
export const volumeAnnotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  selectedNode: 'volume.kubernetes.io/selected-node',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  storageProvisioner: 'volume.kubernetes.io/storage-provisioner',
  betaStorageProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
} as const;

/** How claims and volumes named their class before there was a field. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const defaultClassAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** The class' name; '' for none. */
export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? '';
}

/** Whether the claim says anything of classes, be it that it wants none. */
export function namesClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[classAnnotation] !== undefined || spec.storageClassName !== undefined;
}

/** The newest of the classes that are marked as default, of equals the first by name. */
export function defaultStorageClass(classes: Iterable<StorageClass>): StorageClass | undefined {
  const marked = [...classes].filter(({ metadata }) => defaultClassAnnotations.some((name) => metadata.annotations?.[name] === 'true'));
  const time = ({ metadata }: StorageClass): number => Date.parse(metadata.creationTimestamp);
  return marked.sort((a, b) => time(b) - time(a) || (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}

/** The claim waits until a pod that uses it is scheduled. */
export function bindsLate(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

export function requestedStorage({ spec }: PersistentVolumeClaim): Quantity {
  return parseQuantity(spec.resources?.requests?.storage ?? '0');
}

export function capacityOf({ spec }: PersistentVolume): Quantity {
  const storage = spec.capacity?.storage;
  return storage === undefined ? zeroQuantity : parseQuantity(storage);
}

/** The volume's claimRef is this claim; one without a uid is of any claim of the name. */
export function isBoundTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef === undefined || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return (claimRef.uid ?? '') === '' || claimRef.uid === metadata.uid;
}

function hasModeOf(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem');
}

function hasAttributesOf(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '');
}

/** Whether every access mode of the claim is one of the volume's. */
export function grantsAccess(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode) === true);
}

/** Whether pods on this node may use the volume. */
export function isReachableFrom({ spec }: PersistentVolume, node: NodeFacts): boolean {
  const required = spec.nodeAffinity?.required;
  return required === undefined || matchesNodeSelector(required, node);
}

export interface MatchOptions {
  /** Only volumes that can be used there; without it, claims that bind late get nothing but what is bound to them already. */
  readonly node?: NodeFacts;
  readonly excluded?: ReadonlySet<string>;
  readonly late?: boolean;
}

/** The volume bound to the claim already, or the smallest of those that are available and suit it. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { node, excluded, late = false }: MatchOptions = {},
): PersistentVolume | undefined {
  const asked = requestedStorage(claim);
  const selects = claim.spec.selector === undefined ? () => true : labelMatcher(claim.spec.selector);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    const { metadata, spec, status } = volume;
    const isBound = isBoundTo(volume, claim);
    if (excluded?.has(metadata.name) === true || metadata.deletionTimestamp !== undefined) continue;
    // What costs least is asked first: the scheduler asks for every node.
    if (!isBound && (spec.claimRef !== undefined || status.phase !== 'Available' || classOf(volume) !== classOf(claim))) continue;
    if (!hasModeOf(volume, claim) || !hasAttributesOf(volume, claim) || capacityOf(volume).compare(asked) < 0) continue;
    const isReachable = node === undefined || isReachableFrom(volume, node);
    if (isBound) return isReachable ? volume : undefined;
    if ((node === undefined && late) || !isReachable || !selects(metadata.labels) || !grantsAccess(volume, claim)) continue;
    if (best === undefined || capacityOf(best).compare(capacityOf(volume)) > 0) best = volume;
  }
  return best;
}

/** Why a volume that the claim names cannot be its own; undefined when it can. */
export function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (capacityOf(volume).compare(requestedStorage(claim)) < 0) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (!hasAttributesOf(volume, claim)) return 'volumeAttributesClassName does not match';
  if (!hasModeOf(volume, claim)) return 'incompatible volumeMode';
  return grantsAccess(volume, claim) ? undefined : 'incompatible accessMode';
}

/** The volume as it is bound to the claim; the same object when it is already. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { namespace = '', name, uid, resourceVersion } = claim.metadata;
  const { claimRef } = volume.spec;
  if (claimRef?.name === name && claimRef.namespace === namespace && claimRef.uid === uid) return volume;
  const annotations = isBoundTo(volume, claim)
    ? volume.metadata.annotations
    : { ...volume.metadata.annotations, [volumeAnnotations.boundByController]: 'yes' };
  const reference = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion };
  return {
    ...volume,
    metadata: { ...volume.metadata, ...(annotations === undefined ? {} : { annotations }) },
    spec: { ...volume.spec, claimRef: reference },
  };
}

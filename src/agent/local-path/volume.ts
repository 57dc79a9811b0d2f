/** What a local volume looks like, and whose it is to make or delete. Pure; after rancher/local-path-provisioner and sig-storage-lib-external-provisioner. */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { capacityOf, classOf, requestedStorage, volumeAnnotations } from '../../api/volume-binding.ts';

export const provisionerName = 'coracle.io/local-path';
/** Keeps the object until the folder is gone. */
export const finalizer = 'external-provisioner.volume.kubernetes.io/finalizer';
const hostnameLabel = 'kubernetes.io/hostname';
const accessModes: ReadonlySet<string> = new Set(['ReadWriteOnce', 'ReadWriteOncePod']);

/** The scheduler has put the claim's pod on this node, and the binder has asked for a volume of ours. */
export function isToBeProvisioned({ metadata, spec }: PersistentVolumeClaim, node: string): boolean {
  const { annotations = {}, deletionTimestamp } = metadata;
  return (
    annotations[volumeAnnotations.storageProvisioner] === provisionerName &&
    annotations[volumeAnnotations.selectedNode] === node &&
    (spec.volumeName ?? '') === '' &&
    deletionTimestamp === undefined
  );
}

/** Why a folder cannot be what is asked for; undefined when it can. */
export function refusal({ spec }: PersistentVolumeClaim): string | undefined {
  if (spec.volumeMode === 'Block') return 'a folder is no block device: volumeMode Block is not supported';
  const others = (spec.accessModes ?? []).filter((mode) => !accessModes.has(mode));
  return others.length === 0 ? undefined : 'local folders only support ReadWriteOnce and ReadWriteOncePod access modes';
}

export interface Place {
  readonly node: string;
  /** Where the volumes of this node are. */
  readonly root: string;
}

export function volumeFor(claim: PersistentVolumeClaim, storageClass: StorageClass, { node, root }: Place): New<PersistentVolume> {
  const { namespace = '', name, uid, resourceVersion } = claim.metadata;
  const { reclaimPolicy = 'Delete', mountOptions } = storageClass;
  const volume = `pvc-${uid}`;
  return {
    metadata: {
      name: volume,
      annotations: { [volumeAnnotations.provisionedBy]: provisionerName },
      ...(reclaimPolicy === 'Delete' ? { finalizers: [finalizer] } : {}),
    },
    spec: {
      capacity: { storage: requestedStorage(claim).toString() },
      accessModes: claim.spec.accessModes ?? [],
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: classOf(claim),
      volumeMode: 'Filesystem',
      ...(mountOptions === undefined ? {} : { mountOptions }),
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion },
      hostPath: { path: `${root}/${volume}_${namespace}_${name}`, type: 'DirectoryOrCreate' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [node] }] }] } },
    },
  };
}

function isOurs({ metadata, spec }: PersistentVolume, { node, root }: Place): boolean {
  const [term] = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const isHere = term?.matchExpressions?.some(({ key, values }) => key === hostnameLabel && values?.[0] === node) === true;
  return isHere && metadata.annotations?.[volumeAnnotations.provisionedBy] === provisionerName && folderOf({ spec }, root) !== undefined;
}

/** The volume's folder; undefined when it is not one directly below `root`. */
export function folderOf({ spec }: Pick<PersistentVolume, 'spec'>, root: string): string | undefined {
  const path = spec.hostPath?.path ?? '';
  return path.startsWith(`${root}/`) && /^pvc-[^/]+$/.test(path.slice(root.length + 1)) ? path : undefined;
}

/** Nobody claims it any more, and its policy is Delete. */
export function isToBeDeleted(volume: PersistentVolume, place: Place): boolean {
  const { metadata, spec, status } = volume;
  if (!isOurs(volume, place) || status.phase !== 'Released' || spec.persistentVolumeReclaimPolicy !== 'Delete') return false;
  return metadata.deletionTimestamp === undefined || metadata.finalizers?.includes(finalizer) === true;
}

/** A folder grows by saying so. */
export function isToGrow(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined, place: Place): boolean {
  if (claim === undefined || !isOurs(volume, place) || volume.spec.claimRef?.uid !== claim.metadata.uid) return false;
  if (claim.spec.volumeName !== volume.metadata.name || claim.status.phase !== 'Bound') return false;
  const asked = requestedStorage(claim);
  return capacityOf(volume).compare(asked) < 0 || claim.status.capacity?.storage !== volume.spec.capacity?.storage;
}

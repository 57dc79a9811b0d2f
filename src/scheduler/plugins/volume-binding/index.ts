/** VolumeBinding: the pod's claims must be bound to volumes the node can use, or there must be some to bind or a way to make them. */
import type { CSIDriver, CSINode, CSIStorageCapacity, PersistentVolumeClaim, StorageClass } from '../../../api/generated/types.ts';
import { jsonEqual } from '../../../base/json-equal.ts';
import type { ClusterEvent } from '../../cluster-events.ts';
import { actions } from '../../cluster-events.ts';
import type { Cluster, Plugin } from '../../framework.ts';
import { rejectForGood } from '../../framework.ts';
import type { PodInfo } from '../../pod-info.ts';
import { bytes } from '../../resources.ts';
import { usesClaim } from '../../volume-matching.ts';
import { reserveVolumes } from './bind.ts';
import { checkClaims, findPodVolumes, sortClaims } from './find.ts';

export interface VolumeBindingArgs {
  /** How long volumes may take to be bound. */
  readonly bindTimeoutSeconds: number;
}

const migrated = 'storage.alpha.kubernetes.io/migrated-plugins';

export function volumeBinding({ bindTimeoutSeconds }: VolumeBindingArgs): Plugin {
  return {
    name: 'VolumeBinding',
    events: [
      { resource: 'StorageClass', actions: actions.add | actions.update, helps: (_pod, event) => classHelps(event) },
      {
        resource: 'PersistentVolumeClaim',
        actions: actions.add | actions.update,
        helps: (pod, event) => usesClaim(pod, event.object as PersistentVolumeClaim),
      },
      { resource: 'PersistentVolume', actions: actions.add | actions.update },
      { resource: 'Node', actions: actions.add | actions.nodeLabel },
      { resource: 'CSINode', actions: actions.add | actions.update, helps: (_pod, event) => csiNodeHelps(event) },
      { resource: 'CSIDriver', actions: actions.update, helps: driverHelps },
      { resource: 'CSIStorageCapacity', actions: actions.add | actions.update, helps: (_pod, event) => capacityHelps(event) },
    ],
    preFilter(pod, cluster) {
      if (pod.class.volumes.length === 0) return undefined;
      const { hasClaims, problem } = checked(pod, cluster);
      if (problem !== undefined) return { rejection: rejectForGood(problem) };
      if (!hasClaims) return undefined;
      const claims = sortClaims(pod, cluster);
      if (claims.immediate.length > 0) return { rejection: rejectForGood('pod has unbound immediate PersistentVolumeClaims') };
      return {
        filter: {
          filter: (node) => {
            const found = findPodVolumes(claims, node, cluster);
            return 'reasons' in found ? rejectForGood(...found.reasons) : undefined;
          },
        },
      };
    },
    reserve(pod, node, cluster) {
      if (pod.class.volumes.length === 0) return undefined;
      const claims = sortClaims(pod, cluster);
      if (claims.delayed.length === 0) return undefined;
      const found = findPodVolumes(claims, node, cluster);
      if ('reasons' in found) return rejectForGood(...found.reasons);
      return reserveVolumes(found, { node, cluster, timeoutMs: bindTimeoutSeconds * 1000 });
    },
  };
}

/** A claim of another pod's making is a reason like any other. */
function checked(pod: PodInfo, cluster: Cluster): ReturnType<typeof checkClaims> {
  try {
    return checkClaims(pod, cluster);
  } catch (error) {
    return { hasClaims: true, problem: error instanceof Error ? error.message : String(error) };
  }
}

function classHelps({ old, object }: ClusterEvent): boolean {
  return old === undefined || !jsonEqual((old as StorageClass).allowedTopologies, (object as StorageClass).allowedTopologies);
}

function csiNodeHelps({ old, object }: ClusterEvent): boolean {
  return (
    (old as CSINode | undefined)?.metadata.annotations?.[migrated] !== (object as CSINode).metadata.annotations?.[migrated] ||
    old === undefined
  );
}

function driverHelps({ pod }: PodInfo, { old, object }: ClusterEvent): boolean {
  const now = object as CSIDriver;
  const isUsed = pod.spec.volumes?.some(({ csi }) => csi?.driver === now.metadata.name) === true;
  return isUsed && (old as CSIDriver).spec.storageCapacity === true && now.spec.storageCapacity !== true;
}

function capacityHelps({ old, object }: ClusterEvent): boolean {
  if (old === undefined) return true;
  const limit = ({ maximumVolumeSize, capacity }: CSIStorageCapacity): number => bytes(maximumVolumeSize ?? capacity ?? '-1');
  return limit(object as CSIStorageCapacity) > limit(old as CSIStorageCapacity);
}

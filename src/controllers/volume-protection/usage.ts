/** Who uses which claim and which class. Pure. */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import { joinKey } from '../../client/informer-store.ts';
import { isControlledBy } from '../shared/owners.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** The claim behind a volume of the pod; undefined when it has none. */
function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral === undefined ? undefined : `${pod.metadata.name}-${volume.name}`;
}

/** Keys of the claims of the pod's volumes. */
export function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    const name = claimNameOf(pod, volume);
    return name === undefined ? [] : [joinKey(pod.metadata.namespace ?? '', name)];
  });
}

/** Whether the pod keeps the claim from going: pods without a node are not started with a claim that is being deleted. */
export function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if ((pod.spec.nodeName ?? '') === '') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  const isShutDown = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0;
  return (pod.spec.volumes ?? []).some(
    (volume) =>
      claimNameOf(pod, volume) === claim.metadata.name && (volume.ephemeral === undefined || (!isShutDown && isControlledBy(claim, pod))),
  );
}

/** The VolumeAttributesClasses that a claim or a volume names. */
export function classesOf({ spec, status }: PersistentVolumeClaim | PersistentVolume): string[] {
  const named = [
    spec.volumeAttributesClassName,
    'currentVolumeAttributesClassName' in status ? status.currentVolumeAttributesClassName : undefined,
    'modifyVolumeStatus' in status ? status.modifyVolumeStatus?.targetVolumeAttributesClassName : undefined,
  ];
  return [...new Set(named.filter((name): name is string => name !== undefined && name !== ''))];
}

/** Pods that use more of the node's disk than they may: eviction_manager.go, localStorageEviction. */
import type { Pod, Volume } from '../../api/generated/types.ts';
import { podLimits } from '../../api/pod-resources.ts';
import { tryParseQuantity } from '../../api/quantity.ts';

const storage = 'ephemeral-storage';

/** The emptyDir volumes on disk. Those in memory are bounded by their file system. */
export function diskVolumes({ spec }: Pod): Volume[] {
  return (spec.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== 'Memory');
}

/** Whether anything of the pod's use of disk is limited: others need not be measured. */
export function hasLimits(pod: Pod): boolean {
  const containers = pod.spec.containers.some(({ resources }) => resources?.limits?.[storage] !== undefined);
  return (
    containers ||
    pod.spec.resources?.limits?.[storage] !== undefined ||
    diskVolumes(pod).some(({ emptyDir }) => limitOf(emptyDir?.sizeLimit) > 0)
  );
}

function limitOf(text: string | number | undefined): number {
  return text === undefined ? 0 : (tryParseQuantity(text)?.value() ?? 0);
}

/** Bytes used: by volume, and by container (its own layer and its log). */
export interface DiskUse {
  readonly volumes: ReadonlyMap<string, number>;
  readonly containers: ReadonlyMap<string, number>;
}

/** Why the pod has to go; undefined when it keeps to its limits. */
export function exceeded(pod: Pod, use: DiskUse): string | undefined {
  for (const { name, emptyDir } of diskVolumes(pod)) {
    const limit = limitOf(emptyDir?.sizeLimit);
    if (limit > 0 && (use.volumes.get(name) ?? 0) > limit)
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(String(emptyDir?.sizeLimit))}. `;
  }
  const limit = podLimits(pod.spec).get(storage)?.value() ?? 0;
  const total = [...use.volumes.values(), ...use.containers.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (limit > 0 && total > limit)
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${String(podLimits(pod.spec).get(storage))}. `;
  for (const { name, resources } of pod.spec.containers) {
    const own = resources?.limits?.[storage];
    if (limitOf(own) > 0 && (use.containers.get(name) ?? 0) > limitOf(own))
      return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(String(own))}. `;
  }
  return undefined;
}

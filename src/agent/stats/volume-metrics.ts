/** kubelet_volume_stats_*: how full the volumes of claims are (pkg/kubelet/metrics/collectors/volume_stats.go). */
import type { VolumeUse } from './disk-cache.ts';
import { Exposition } from './exposition.ts';

export interface ClaimUse extends VolumeUse {
  readonly namespace: string;
}

export function volumeMetrics(volumes: readonly ClaimUse[]): string {
  const text = new Exposition();
  // Several pods may have the same claim.
  const claims = [...new Map(volumes.map((volume) => [`${volume.namespace}/${volume.claim ?? ''}`, volume])).values()];
  const add = (name: string, help: string, value: (volume: ClaimUse) => number): void =>
    text.add(
      'gauge',
      `kubelet_volume_stats_${name}`,
      `[ALPHA] ${help}`,
      claims.map((volume) => ({
        labels: [
          ['namespace', volume.namespace],
          ['persistentvolumeclaim', volume.claim ?? ''],
        ],
        value: value(volume),
      })),
    );
  add('capacity_bytes', 'Capacity in bytes of the volume', ({ disk }) => disk.capacity);
  add('available_bytes', 'Number of available bytes in the volume', ({ disk }) => disk.available);
  add('used_bytes', 'Number of used bytes in the volume', ({ usedBytes }) => usedBytes);
  add('inodes', 'Maximum number of inodes in the volume', ({ disk }) => disk.inodes);
  add('inodes_free', 'Number of free inodes in the volume', ({ disk }) => disk.inodesFree);
  add('inodes_used', 'Number of used inodes in the volume', ({ inodesUsed }) => inodesUsed);
  return text.text();
}

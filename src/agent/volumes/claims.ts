/** Persistent volumes that are folders or devices of this machine: hostPath and local ones. */
import { stat } from 'node:fs/promises';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import type { Client } from '../../client/client.ts';
import { found } from '../../client/found.ts';
import { refs } from '../../client/refs.ts';
import { VolumeError } from './content.ts';
import { prepareHostPath } from './host-path.ts';

export interface ClaimReader {
  claim(namespace: string, name: string): Promise<PersistentVolumeClaim | undefined>;
  volume(name: string): Promise<PersistentVolume | undefined>;
}

export function createClaimReader(client: Client): ClaimReader {
  return {
    claim: (namespace, name) => found(client.resource(refs.persistentVolumeClaims).get(namespace, name)),
    volume: (name) => found(client.resource(refs.persistentVolumes).get('', name)),
  };
}

/** Annotation of volumes that a controller made for a claim. */
const provisionedBy = 'pv.kubernetes.io/provisioned-by';

export interface ClaimedVolume {
  /** A folder, or a block device. */
  readonly path: string;
  /** It is the volume's alone: a pod's group may have it. A folder of the host that somebody names is the host's (hostpath, GetAttributes). */
  readonly managed: boolean;
  /** It is a block device, and no file system. */
  readonly device: boolean;
}

/** Rejects with {@link VolumeError}. */
export async function claimedVolume(reader: ClaimReader, namespace: string, name: string): Promise<ClaimedVolume> {
  const claim = await reader.claim(namespace, name);
  if (claim === undefined) throw new VolumeError(`persistentvolumeclaim "${name}" not found`);
  const volumeName = claim.spec.volumeName ?? '';
  if (volumeName === '' || claim.status.phase !== 'Bound') throw new VolumeError(`persistentvolumeclaim "${name}" is not bound`);
  const volume = await reader.volume(volumeName);
  const { hostPath, local, volumeMode } = volume?.spec ?? {};
  if (hostPath !== undefined) {
    const type = hostPath.type === undefined || hostPath.type === '' ? 'DirectoryOrCreate' : hostPath.type;
    await prepareHostPath(hostPath.path, type, volumeName);
    return { path: hostPath.path, managed: volume?.metadata.annotations?.[provisionedBy] !== undefined, device: false };
  }
  if (local !== undefined)
    return { path: local.path, managed: true, device: await isDevice(volumeName, local.path, volumeMode === 'Block') };
  throw new VolumeError(`persistent volume "${volumeName}" is of a kind this node cannot mount`);
}

/** What a local volume names must be there: nobody makes an empty folder in the place of data (getGlobalLocalPath, MapBlockVolume). */
async function isDevice(volume: string, path: string, wanted: boolean): Promise<boolean> {
  const failed = (why: string): VolumeError => new VolumeError(why, { volume, step: 'NewMounter initialization' });
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw failed(`path "${path}" does not exist`);
  if (wanted !== stats.isBlockDevice())
    throw failed(wanted ? `path "${path}" is not a block device` : `a block device cannot be formatted and mounted by this node`);
  if (!wanted && !stats.isDirectory()) throw failed('only directory and block device are supported');
  return wanted;
}

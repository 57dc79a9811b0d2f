/** The volumes of one pod on this machine. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Volume } from '../../api/generated/types.ts';
import type { CommandRunner } from '../../base/command.ts';
import { writeAtomically } from './atomic-writer.ts';
import type { Payload } from './atomic-writer.ts';
import { claimedVolume } from './claims.ts';
import type { ClaimReader } from './claims.ts';
import type { ContentInput } from './content.ts';
import { configMapFiles, downwardFiles, projectedFiles, secretFiles, VolumeError } from './content.ts';
import { makeEmptyDir } from './empty-dir.ts';
import { prepareHostPath } from './host-path.ts';
import { mountPoints } from './mount-points.ts';
import type { PreparedVolume } from './mounts.ts';
import { giveToGroup } from './ownership.ts';

export interface VolumeInput extends ContentInput {
  /** Folder of the pod on disk. */
  readonly podDir: string;
  /** Folder of the pod in memory: secrets never reach the disk. */
  readonly memoryDir: string;
  readonly run: CommandRunner;
  readonly claims: ClaimReader;
}

/** A volume that could not be made, for the event. */
export class MountFailure extends Error {
  override readonly name = 'MountFailure';
  readonly volume: string;
  constructor(volume: string, options: ErrorOptions & { cause: unknown }) {
    const { cause } = options;
    const { volume: named = volume, step = 'SetUp' } = cause instanceof VolumeError ? cause : {};
    super(`MountVolume.${step} failed for volume "${named}" : ${cause instanceof Error ? cause.message : String(cause)}`, options);
    this.volume = volume;
  }
}

const emptyDirPlugin = 'kubernetes.io~empty-dir';
const imagePlugin = 'kubernetes.io~image';
/** Below a pod's folder: mounted parts of volumes. */
export const subPathsDir = 'volume-subpaths';

/** Makes every volume, or brings its content up to date. Calling it again is cheap. Rejects with {@link MountFailure}. */
export async function prepareVolumes(input: VolumeInput): Promise<Map<string, PreparedVolume>> {
  const prepared = await Promise.all(
    (input.pod.spec.volumes ?? []).map(async (volume) => {
      try {
        return [volume.name, await prepare(input, volume)] as const;
      } catch (cause) {
        throw new MountFailure(volume.name, { cause });
      }
    }),
  );
  return new Map(prepared);
}

/**
 * Brings changed content of volumes that exist up to date. One whose source has gone keeps what it has; the others are brought up
 * to date all the same, then this rejects with {@link MountFailure}.
 */
export async function refreshVolumes(input: VolumeInput): Promise<void> {
  const failures: MountFailure[] = [];
  for (const volume of input.pod.spec.volumes ?? []) {
    if (contentOf(input, volume) === undefined) continue;
    await prepare(input, volume).catch((cause: unknown) => failures.push(new MountFailure(volume.name, { cause })));
  }
  const [first] = failures;
  if (first !== undefined) throw first;
}

/** The files of a volume that is made of objects, and its folder; undefined for other volumes. */
function contentOf(input: VolumeInput, volume: Volume): { plugin: string; inMemory: boolean; files: () => Promise<Payload> } | undefined {
  const { configMap, secret, projected, downwardAPI } = volume;
  if (configMap !== undefined)
    return { plugin: 'configmap', inMemory: false, files: () => configMapFiles(input, configMap, configMap.defaultMode ?? 0o644) };
  if (secret !== undefined) {
    const { secretName, ...rest } = secret;
    const source = { ...rest, ...(secretName === undefined ? {} : { name: secretName }) };
    return { plugin: 'secret', inMemory: true, files: () => secretFiles(input, source, secret.defaultMode ?? 0o644) };
  }
  if (projected !== undefined) return { plugin: 'projected', inMemory: true, files: () => projectedFiles(input, projected) };
  if (downwardAPI === undefined) return undefined;
  return {
    plugin: 'downward-api',
    inMemory: false,
    files: async () => downwardFiles(input, downwardAPI.items ?? [], downwardAPI.defaultMode ?? 0o644),
  };
}

async function prepare(input: VolumeInput, volume: Volume): Promise<PreparedVolume> {
  const content = contentOf(input, volume);
  const fsGroup = input.pod.spec.securityContext?.fsGroup;
  if (content !== undefined) {
    const files = await content.files();
    const dir = join(content.inMemory ? input.memoryDir : input.podDir, 'volumes', `kubernetes.io~${content.plugin}`, volume.name);
    await mkdir(dir, { recursive: true, mode: 0o755 });
    await writeAtomically(dir, files, { fsGroup });
    return { hostPath: dir, readOnly: true };
  }
  if (volume.emptyDir !== undefined) {
    const dir = join(input.podDir, 'volumes', emptyDirPlugin, volume.name);
    await makeEmptyDir(dir, volume.emptyDir, input);
    return { hostPath: dir, readOnly: false };
  }
  if (volume.image !== undefined) return { hostPath: await imageDir(input, volume.name), readOnly: true };
  if (volume.hostPath !== undefined) {
    await prepareHostPath(volume.hostPath.path, volume.hostPath.type ?? '');
    return { hostPath: volume.hostPath.path, readOnly: false };
  }
  if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined) {
    const { claimName, readOnly = false } = volume.persistentVolumeClaim ?? { claimName: `${input.pod.metadata.name}-${volume.name}` };
    const { path: hostPath, managed, device } = await claimedVolume(input.claims, input.pod.metadata.namespace ?? '', claimName);
    if (fsGroup !== undefined && managed && !readOnly && !device)
      await giveToGroup(hostPath, { group: fsGroup, policy: input.pod.spec.securityContext?.fsGroupChangePolicy });
    return { hostPath, readOnly, device };
  }
  throw new VolumeError('no volume plugin matched');
}

/** Where the image's files appear once it is there. */
async function imageDir(input: VolumeInput, name: string): Promise<string> {
  const dir = join(input.podDir, 'volumes', imagePlugin, name);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  return dir;
}

/** Unmounts and deletes all that `prepareVolumes` made. */
export async function removeVolumes(dirs: { readonly podDir: string; readonly memoryDir: string }, run: CommandRunner): Promise<void> {
  const entries = (...place: string[]): Promise<string[]> => readdir(join(dirs.podDir, ...place)).catch(() => []);
  const mounted = await Promise.all([entries('volumes', emptyDirPlugin), entries('volumes', imagePlugin), entries(subPathsDir)]);
  if (mounted.flat().length > 0) {
    const below = async (): Promise<string[]> => mountsBelow(await readFile('/proc/self/mounts', 'utf8'), dirs.podDir);
    for (const path of await below()) await run('umount', [path]);
    // What is removed with a mount in it is not the pod's.
    if ((await below()).length > 0) throw new VolumeError(`something is still mounted below ${dirs.podDir}`);
  }
  await rm(dirs.podDir, { recursive: true, force: true });
  await rm(dirs.memoryDir, { recursive: true, force: true });
}

/** Mount points below a folder, innermost first, from the text of /proc/self/mounts. */
export function mountsBelow(mounts: string, dir: string): string[] {
  return mountPoints(mounts)
    .filter((point) => point.startsWith(`${dir}/`))
    .reverse();
}

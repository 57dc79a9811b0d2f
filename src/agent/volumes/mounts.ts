/** Which of a pod's volumes a container sees where. */
import { open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Container } from '../../api/generated/types.ts';
import type { CommandRunner } from '../../base/command.ts';
import { ConfigError } from '../containers/env.ts';
import { expand } from '../containers/expand.ts';
import type { Device, Mount } from '../runtimes/runtime.ts';
import { isRecursivelyReadOnly, mountReadOnlyTree } from './recursive-read-only.ts';
import { prepareSubPath } from './sub-path.ts';

export interface PreparedVolume {
  readonly hostPath: string;
  /** Whatever the mount says, nothing is written through it. */
  readonly readOnly: boolean;
  /** It is a block device, and no file system. */
  readonly device?: boolean;
}

const propagations = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

export interface MountInput {
  readonly container: Container;
  readonly volumes: ReadonlyMap<string, PreparedVolume>;
  readonly env: ReadonlyMap<string, string>;
  /** Where parts of volumes are mounted, and what mounts them; missing: they are not mounted before the runtime does. */
  readonly subPaths?: { readonly dir: string; readonly run: CommandRunner };
}

/** Throws {@link ConfigError} for a sub path that leads out of its volume. */
export async function containerMounts({ container, volumes, env, subPaths }: MountInput): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = volumes.get(mount.name);
    if (volume === undefined) throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
    if (volume.device === true) throw new ConfigError(`volume "${mount.name}" has volumeMode Block, but is specified in volumeMounts`);
    const expression = mount.subPathExpr ?? '';
    const subPath = expression === '' ? (mount.subPath ?? '') : expandSubPath(expression, env);
    const part = { volumeName: mount.name, volumePath: volume.hostPath, subPath, container: container.name };
    const place = subPaths && { path: join(subPaths.dir, mount.name, container.name, String(index)), run: subPaths.run };
    const recursive = isRecursivelyReadOnly(mount);
    const found = subPath === '' ? volume.hostPath : await prepareSubPath(part, place);
    const hostPath = recursive && place !== undefined ? await mountReadOnlyTree(found, `${place.path}-ro`, place.run) : found;
    const containerPath = isAbsolute(mount.mountPath) ? mount.mountPath : join('/', mount.mountPath);
    const propagation = propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations];
    mounts.push({ hostPath, containerPath, readOnly: mount.readOnly === true || volume.readOnly, propagation });
  }
  return mounts;
}

/** The block devices a container gets (pkg/kubelet, makeBlockVolumes). Throws {@link ConfigError}. */
export function containerDevices(container: Container, volumes: MountInput['volumes']): Device[] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    const volume = volumes.get(name);
    if (volume === undefined) throw new ConfigError(`cannot find volume "${name}" to pass into container "${container.name}"`);
    if (volume.device !== true) throw new ConfigError(`volume "${name}" has volumeMode Filesystem, but is specified in volumeDevices`);
    return { hostPath: volume.hostPath, containerPath: devicePath, permissions: volume.readOnly ? 'r' : 'rwm' };
  });
}

function expandSubPath(expression: string, env: ReadonlyMap<string, string>): string {
  const unknown: string[] = [];
  const text = expand(expression, (name) => {
    const value = env.get(name);
    if (value === undefined) unknown.push(name);
    return value ?? '';
  });
  if (unknown.length > 0) throw new ConfigError(`missing value for "${unknown[0] ?? ''}"`);
  return text;
}

/** An empty file that everybody may write, unless it is there. */
export async function ensureWritableFile(path: string): Promise<void> {
  const file = await open(path, 'a', 0o666);
  await file.chmod(0o666);
  await file.close();
}

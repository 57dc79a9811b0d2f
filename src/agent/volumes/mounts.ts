/** Which of a pod's volumes a container sees where. */
import { open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Container, VolumeMount } from '../../api/generated/types.ts';
import type { CommandRunner } from '../../base/command.ts';
import { ConfigError } from '../containers/env.ts';
import { expand } from '../containers/expand.ts';
import type { Mount } from '../runtimes/runtime.ts';
import { prepareSubPath } from './sub-path.ts';

export interface PreparedVolume {
  readonly hostPath: string;
  /** Whatever the mount says, nothing is written through it. */
  readonly readOnly: boolean;
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
    const expression = mount.subPathExpr ?? '';
    const subPath = expression === '' ? (mount.subPath ?? '') : expandSubPath(expression, env);
    const part = { volumeName: mount.name, volumePath: volume.hostPath, subPath, container: container.name };
    const place = subPaths && { path: join(subPaths.dir, mount.name, container.name, String(index)), run: subPaths.run };
    const hostPath = subPath === '' ? volume.hostPath : await prepareSubPath(part, place);
    refuseRecursive(mount);
    const containerPath = isAbsolute(mount.mountPath) ? mount.mountPath : join('/', mount.mountPath);
    const propagation = propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations];
    mounts.push({ hostPath, containerPath, readOnly: mount.readOnly === true || volume.readOnly, propagation });
  }
  return mounts;
}

/** Docker's runc makes mounts below a read-only one read-only too only from its version 25 on; here it cannot (resolveRecursiveReadOnly). */
function refuseRecursive({ name, recursiveReadOnly = 'Disabled', readOnly, mountPropagation = 'None' }: VolumeMount): void {
  if (recursiveReadOnly === 'Disabled') return;
  const refused = (why: string): ConfigError =>
    new ConfigError(
      `failed to resolve recursive read-only mode: volume "${name}" requested recursive read-only mode, but it is not ${why}`,
    );
  if (readOnly !== true) throw refused('read-only');
  if (mountPropagation !== 'None') throw refused(`compatible with propagation "${mountPropagation}"`);
  if (recursiveReadOnly === 'Enabled') throw refused('supported by the runtime');
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

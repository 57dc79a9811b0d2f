/** Which of a pod's volumes a container sees where. */
import { mkdir, open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type { Container, VolumeMount } from '../../api/generated/types.ts';
import { ConfigError } from '../containers/env.ts';
import { expand } from '../containers/expand.ts';
import type { Mount } from '../runtimes/runtime.ts';

export interface PreparedVolume {
  readonly hostPath: string;
  /** Whatever the mount says, nothing is written through it. */
  readonly readOnly: boolean;
}

const propagations = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

/** Throws {@link ConfigError} for a sub path that leads out of its volume. */
export async function containerMounts(
  container: Container,
  volumes: ReadonlyMap<string, PreparedVolume>,
  env: ReadonlyMap<string, string>,
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = volumes.get(mount.name);
    if (volume === undefined) throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
    const expression = mount.subPathExpr ?? '';
    const subPath = expression === '' ? (mount.subPath ?? '') : expandSubPath(expression, env);
    const hostPath = subPath === '' ? volume.hostPath : await resolveSubPath(volume.hostPath, subPath, container.name);
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

/** The runtime follows links on the host, so the real path must still be below the volume. */
async function resolveSubPath(volume: string, subPath: string, container: string): Promise<string> {
  const failed = (): ConfigError => new ConfigError(`failed to prepare subPath for volumeMount "${subPath}" of container "${container}"`);
  const wanted = normalize(subPath);
  if (isAbsolute(wanted) || wanted.split('/').includes('..')) throw failed();
  const root = await realpath(volume);
  const rootStats = await stat(root);
  let at = root;
  const parts = wanted.split('/').filter((part) => part !== '.' && part !== '');
  for (const part of parts) {
    const next = join(at, part);
    const found = await realpath(next).catch(() => undefined);
    if (found === undefined) {
      await mkdir(next, { mode: rootStats.mode & 0o7777 }).catch(() => {
        throw failed();
      });
    } else if (found !== root && !found.startsWith(`${root}/`)) throw failed();
    at = found ?? next;
  }
  return at;
}

/** An empty file that everybody may write, unless it is there. */
export async function ensureWritableFile(path: string): Promise<void> {
  const file = await open(path, 'a', 0o666);
  await file.chmod(0o666);
  await file.close();
}

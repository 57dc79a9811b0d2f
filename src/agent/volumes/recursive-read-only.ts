/**
 * Mounts that are read-only with everything mounted below them. The engine makes the uppermost mount alone read-only, so the container
 * gets a copy of the tree of mounts in which each one is: flags of single mounts come along with a bind.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { VolumeMount } from '../../api/generated/types.ts';
import type { CommandRunner } from '../../base/command.ts';
import { ConfigError } from '../containers/env.ts';
import { unescapedMountPoint } from './mount-points.ts';

/** Whether everything below the mount is read-only, too (resolveRecursiveReadOnly). Throws {@link ConfigError}. */
export function isRecursivelyReadOnly({ name, recursiveReadOnly = 'Disabled', readOnly, mountPropagation = 'None' }: VolumeMount): boolean {
  if (recursiveReadOnly === 'Disabled') return false;
  const refused = (why: string): ConfigError =>
    new ConfigError(
      `failed to resolve recursive read-only mode: volume "${name}" requested recursive read-only mode, but it is not ${why}`,
    );
  if (readOnly !== true) throw refused('read-only');
  if (mountPropagation !== 'None') throw refused(`compatible with propagation "${mountPropagation}"`);
  return true;
}

/** What a mount says of itself that has to be said again when it is changed. */
const kept: ReadonlySet<string> = new Set(['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime', 'nosymfollow']);

interface MountLine {
  readonly path: string;
  /** As `mount -o` takes them, read-only among them. */
  readonly options: string;
}

/** The mounts at a path and below it, from the text of /proc/self/mountinfo, with the options that make them read-only. */
export function readOnlyOptions(mountInfo: string, root: string): MountLine[] {
  return mountInfo
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, , , , point = '', options = '']) => ({ path: unescapedMountPoint(point), options: options.split(',') }))
    .filter(({ path }) => path === root || path.startsWith(`${root}/`))
    .map(({ path, options }) => ({ path, options: ['remount', 'bind', 'ro', ...options.filter((option) => kept.has(option))].join(',') }));
}

/** Resolves with `place`, where `source` is now to be seen read-only. What an earlier start of the container had there goes. */
export async function mountReadOnlyTree(source: string, place: string, run: CommandRunner): Promise<string> {
  for (const { path } of await mountsAt(place)) await run('umount', [path]);
  await mkdir(dirname(place), { recursive: true, mode: 0o750 });
  if ((await stat(source)).isDirectory()) await mkdir(place, { recursive: true, mode: 0o750 });
  else await writeFile(place, '', { mode: 0o640, flag: 'a' });
  await run('mount', ['--rbind', source, place]);
  // What is unmounted here later must not be unmounted where it came from.
  await run('mount', ['--make-rprivate', place]);
  for (const { path, options } of await mountsAt(place)) await run('mount', ['-o', options, path]);
  return place;
}

/** The innermost first. */
async function mountsAt(place: string): Promise<MountLine[]> {
  return readOnlyOptions(await readFile('/proc/self/mountinfo', 'utf8'), place).reverse();
}

/**
 * A part of a volume, for a container: what is there must be in the volume, and stay what it is while it is mounted. Containers may
 * write to the volume, so between a look at a path and its mount it can become a link to anywhere. Each step is therefore
 * opened without following links, and what is mounted is the open descriptor (pkg/volume/util/subpath/subpath_linux.go).
 */
import { constants, type Stats } from 'node:fs';
import { mkdir, open, readFile, realpath, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { CommandRunner } from '../../base/command.ts';
import { ConfigError } from '../containers/env.ts';
import { mountPoints } from './mount-points.ts';

export interface SubPath {
  /** Name of the volume, as the mount says it. */
  readonly volumeName: string;
  /** Folder of the volume. */
  readonly volumePath: string;
  readonly subPath: string;
  readonly container: string;
}

export interface SubPathPlace {
  /** What stands for the part of the volume on the host; the same for every start of the container. */
  readonly path: string;
  readonly run: CommandRunner;
}

/** Linux's O_PATH: neither reads nor waits for the other end of a pipe. Node has no name for it. */
const pathOnly = 0o10000000;

/**
 * The path on the host to be mounted; what is not there is made, as a folder with the volume's mode. Without a place it is the part
 * itself. Rejects with {@link ConfigError}, whose words tell nothing of the host.
 */
export async function prepareSubPath(part: SubPath, place: SubPathPlace | undefined): Promise<string> {
  const { volumeName, subPath, container } = part;
  if (isAbsolute(subPath)) throw new ConfigError(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..')) throw new ConfigError(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  const failed = (what: string) => (cause: unknown) => {
    throw new ConfigError(`failed to ${what} for volumeMount "${volumeName}" of container "${container}"`, { cause });
  };
  const root = await realpath(part.volumePath).catch(failed('prepare subPath'));
  const wanted = join(root, subPath);
  if (!(await exists(wanted))) await makeBelow(root, wanted).catch(failed('create subPath directory'));
  try {
    const found = await realpath(wanted);
    const handle = await openBelow(root, found);
    try {
      return place === undefined ? found : await bind(handle, place);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return failed('prepare subPath')(error);
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function stepsBelow(root: string, path: string): string[] {
  const steps = relative(root, path).split('/');
  if (steps.includes('..')) throw new Error(`${path} is outside of ${root}`);
  return steps.filter((step) => step !== '');
}

/** Opens a path without links, one step after the other. */
async function openBelow(root: string, path: string): Promise<FileHandle> {
  let handle = await open(root, pathOnly | constants.O_NOFOLLOW);
  for (const step of stepsBelow(root, path)) {
    const parent = handle;
    try {
      handle = await openIn(parent, step);
    } finally {
      await parent.close();
    }
  }
  return handle;
}

async function openIn(parent: FileHandle, name: string): Promise<FileHandle> {
  const handle = await open(`/proc/self/fd/${String(parent.fd)}/${name}`, pathOnly | constants.O_NOFOLLOW);
  if (!(await handle.stat()).isSymbolicLink()) return handle;
  await handle.close();
  throw new Error(`${name} became a link`);
}

/** All folders get the volume's mode whatever the process masks. */
async function makeBelow(root: string, path: string): Promise<void> {
  const missing: string[] = [];
  let at = path;
  for (; !(await exists(at)); at = dirname(at)) missing.unshift(at.slice(dirname(at).length + 1));
  const { mode } = await stat(root);
  let parent = await openBelow(root, await realpath(at));
  try {
    for (const name of missing) {
      await mkdir(`/proc/self/fd/${String(parent.fd)}/${name}`);
      const child = await openIn(parent, name);
      await parent.close();
      parent = child;
      // Descriptors of this kind have no fchmod.
      const folder = await open(`/proc/self/fd/${String(parent.fd)}`, constants.O_RDONLY | constants.O_DIRECTORY);
      await folder.chmod(mode & 0o7777).finally(() => folder.close());
    }
  } finally {
    await parent.close();
  }
}

async function bind(handle: FileHandle, { path, run }: SubPathPlace): Promise<string> {
  const source = await handle.stat();
  const before = await stat(path).catch(() => undefined);
  if (before !== undefined && isSame(before, source)) return path;
  if (before !== undefined && mountPoints(await readFile('/proc/self/mounts', 'utf8')).includes(path)) await run('umount', [path]);
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  if (source.isDirectory()) await mkdir(path, { recursive: true, mode: 0o750 });
  else await writeFile(path, '', { mode: 0o640, flag: 'a' });
  await run('mount', ['--no-canonicalize', '--bind', `/proc/${String(process.pid)}/fd/${String(handle.fd)}`, path]);
  return path;
}

function isSame(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

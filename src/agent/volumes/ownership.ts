/** Gives a volume to the group of a pod's fsGroup (pkg/volume/volume_linux.go). */
import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface GroupOptions {
  readonly group: number;
  /** `OnRootMismatch`: a volume whose root is the group's already is left alone; default: everything in it is looked at. */
  readonly policy?: string | undefined;
  readonly readOnly?: boolean;
}

/** Owner and group may read and write; folders hand the group down. */
const [readWrite, readOnlyBits, enter] = [0o660, 0o440, 0o2110];

export async function giveToGroup(root: string, options: GroupOptions): Promise<void> {
  if (options.policy === 'OnRootMismatch' && (await isGroups(root, options))) return;
  await giveTree(root, options);
}

function mask(isDirectory: boolean, { readOnly = false }: GroupOptions): number {
  return (readOnly ? readOnlyBits : readWrite) | (isDirectory ? enter : 0);
}

async function isGroups(root: string, options: GroupOptions): Promise<boolean> {
  const { gid, mode } = await lstat(root);
  const wanted = mask(true, options);
  return gid === options.group && (mode & wanted) === wanted;
}

/** What is in a folder first: the root tells that all is done. */
async function giveTree(path: string, options: GroupOptions): Promise<void> {
  const stats = await lstat(path);
  if (stats.isDirectory()) for (const name of await readdir(path)) await giveTree(join(path, name), options);
  await lchown(path, -1, options.group);
  // A link's mode would be its target's.
  if (!stats.isSymbolicLink()) await chmod(path, (stats.mode & 0o7777) | mask(stats.isDirectory(), options));
}

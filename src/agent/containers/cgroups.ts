import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes a pod's empty groups: Docker leaves the parents it made. Version 1 has one tree for each controller. */
export async function removeCgroups(parent: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  const trees = (await readdir(root, { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory());
  await Promise.all([root, ...trees.map((tree) => join(root, tree.name))].map((tree) => rmdir(join(tree, parent)).catch(() => undefined)));
}

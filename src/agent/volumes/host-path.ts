/** hostPath volumes: the checks and creations their types ask for (pkg/volume/hostpath). */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { VolumeError } from './content.ts';

const checks: Readonly<Record<string, { readonly is: (stats: Stats) => boolean; readonly what: string }>> = {
  Directory: { is: (stats) => stats.isDirectory(), what: 'a directory' },
  DirectoryOrCreate: { is: (stats) => stats.isDirectory(), what: 'a directory' },
  File: { is: (stats) => stats.isFile(), what: 'a file' },
  FileOrCreate: { is: (stats) => stats.isFile(), what: 'a file' },
  Socket: { is: (stats) => stats.isSocket(), what: 'a socket file' },
  CharDevice: { is: (stats) => stats.isCharacterDevice(), what: 'a character device' },
  BlockDevice: { is: (stats) => stats.isBlockDevice(), what: 'a block device' },
};

/** `volume`: the persistent volume whose folder it is. */
export async function prepareHostPath(path: string, type: string, volume?: string): Promise<void> {
  const check = checks[type];
  if (check === undefined) return;
  let stats = await stat(path).catch(() => undefined);
  if (stats === undefined && type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 });
  if (stats === undefined && type === 'FileOrCreate') await writeFile(path, '', { mode: 0o644 });
  stats ??= await stat(path).catch(() => undefined);
  if (stats === undefined || !check.is(stats))
    throw new VolumeError(`hostPath type check failed: ${path} is not ${check.what}`, volume === undefined ? {} : { volume });
}

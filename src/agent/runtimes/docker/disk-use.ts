/** What a container has written: its own layer, and the files of its log. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Engine } from './engine.ts';

interface SizedBody {
  readonly SizeRw?: number;
  readonly LogPath: string;
}

/** Bytes; undefined for an unknown container. */
export async function containerDiskUse(engine: Engine, id: string): Promise<number | undefined> {
  const body = await engine.find<SizedBody>({ method: 'GET', path: `/containers/${id}/json`, query: { size: 'true' } });
  return body === undefined ? undefined : (body.SizeRw ?? 0) + (await logBytes(body.LogPath));
}

/** The log and what was rotated away from it: `NAME`, `NAME.1`, ... */
async function logBytes(path: string): Promise<number> {
  if (path === '') return 0;
  const names = await readdir(dirname(path)).catch(() => []);
  const sizes = names
    .filter((name) => name.startsWith(basename(path)))
    .map((name) =>
      stat(join(dirname(path), name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/**
 * Writes a set of files so that a reader sees either all old ones or all new ones: they go to a fresh folder, and the link
 * `..data`, through which every visible name leads, is swapped by a rename (pkg/volume/util/atomic_writer.go).
 */
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface FileContent {
  readonly data: Buffer;
  readonly mode: number;
  readonly uid?: number;
}

/** Relative path to content. */
export type Payload = ReadonlyMap<string, FileContent>;

export interface Ownership {
  /** Group that may read everything. */
  readonly fsGroup: number | undefined;
}

const dataLink = '..data';

/** Brings `dir` to hold exactly the payload; does nothing when it does already. */
export async function writeAtomically(dir: string, payload: Payload, { fsGroup }: Ownership): Promise<void> {
  const current = await readlink(join(dir, dataLink)).catch(() => undefined);
  if (current !== undefined && (await holds(join(dir, current), payload))) return;
  const fresh = await mkdtemp(join(dir, `..${new Date().toISOString().replace(/[-:T]/g, '_').slice(0, 19)}.`));
  await chmod(fresh, 0o755);
  for (const [path, file] of payload) await writeOne(join(fresh, path), file, fsGroup);
  if (fsGroup !== undefined) await chown(fresh, -1, fsGroup);
  const next = join(dir, '..data_tmp');
  await rm(next, { force: true });
  await symlink(fresh.slice(dir.length + 1), next);
  await rename(next, join(dir, dataLink));
  await linkNames(dir, payload);
  if (current !== undefined) await rm(join(dir, current), { recursive: true, force: true });
}

async function writeOne(path: string, file: FileContent, fsGroup: number | undefined): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, file.data);
  await chmod(path, fsGroup === undefined ? file.mode : file.mode | 0o440);
  if (fsGroup !== undefined || file.uid !== undefined) await chown(path, file.uid ?? -1, fsGroup ?? -1);
}

async function holds(folder: string, payload: Payload): Promise<boolean> {
  const present = await filesBelow(folder);
  if (present.length !== payload.size) return false;
  for (const path of present) {
    const wanted = payload.get(path);
    if (wanted === undefined || !wanted.data.equals(await readFile(join(folder, path)))) return false;
  }
  return true;
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch {
    return [];
  }
}

/** A link for each top name, and none for names that are gone. */
async function linkNames(dir: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  const present = (await readdir(dir)).filter((name) => !name.startsWith('..'));
  for (const name of wanted) if (!present.includes(name)) await symlink(join(dataLink, name), join(dir, name));
  for (const name of present) if (!wanted.has(name)) await rm(join(dir, name), { force: true });
}

/**
 * The images that this agent pulled. Only they are removed when room is short: the engine is the user's own, and what somebody
 * else brought is not ours to take away.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Runtime } from '../runtimes/runtime.ts';

export interface PulledImages {
  add(id: string): void;
  /** Removes those that no container uses. Resolves when all have been tried. */
  reclaim(runtime: Runtime): Promise<void>;
}

/** Remembers them in a file over restarts; a file that cannot be read is an empty one. */
export async function openPulledImages(file: string): Promise<PulledImages> {
  const ids = new Set(await readIds(file));
  let writing: Promise<void> = Promise.resolve();
  const save = (): void => {
    writing = writing.then(async () => {
      await writeFile(`${file}.new`, JSON.stringify([...ids]), { mode: 0o600 });
      await rename(`${file}.new`, file);
    });
    // What is not remembered is not removed: no harm is done.
    writing = writing.catch(() => undefined);
  };
  return {
    add: (id) => {
      if (ids.has(id)) return;
      ids.add(id);
      save();
    },
    reclaim: async (runtime) => {
      for (const id of [...ids]) if (await runtime.removeImage(id)) ids.delete(id);
      save();
      await writing;
    },
  };
}

async function readIds(file: string): Promise<string[]> {
  try {
    const found: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Array.isArray(found) ? found.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

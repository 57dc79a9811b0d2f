/**
 * The images that this agent pulled, and when each was last used. Only they are removed when room is short: the engine is the
 * user's own, and what somebody else brought is not ours to take away.
 */
import { readFile } from 'node:fs/promises';
import { keepJson } from '../../base/kept-json.ts';
import type { Runtime } from '../runtimes/runtime.ts';

export interface PulledImage {
  readonly id: string;
  /** Milliseconds since the epoch; 0 when unknown. */
  readonly pulledAt: number;
  readonly usedAt: number;
}

export interface PulledImages {
  add(id: string, now: number): void;
  /** These are in use now. */
  use(ids: ReadonlySet<string>, now: number): void;
  forget(id: string): void;
  /** By the time of the last use, then of the pull. */
  oldestFirst(): readonly PulledImage[];
  /** Removes those that no container uses. Resolves when all have been tried. */
  reclaim(runtime: Pick<Runtime, 'removeImage'>): Promise<void>;
}

/** Remembers them in a file over restarts; a file that cannot be read is an empty one. */
export async function openPulledImages(file: string): Promise<PulledImages> {
  const images = new Map((await readImages(file)).map((image) => [image.id, image]));
  // What is not remembered is not removed: a write that fails does no harm.
  const { save, written } = keepJson(file, () => [...images.values()]);
  return {
    add: (id, now) => {
      if (images.has(id)) return;
      images.set(id, { id, pulledAt: now, usedAt: 0 });
      save();
    },
    use: (ids, now) => {
      let any = false;
      for (const image of images.values()) {
        if (!ids.has(image.id)) continue;
        images.set(image.id, { ...image, usedAt: now });
        any = true;
      }
      if (any) save();
    },
    forget: (id) => {
      if (images.delete(id)) save();
    },
    oldestFirst: () => [...images.values()].sort((a, b) => a.usedAt - b.usedAt || a.pulledAt - b.pulledAt),
    reclaim: async (runtime) => {
      for (const id of [...images.keys()]) if (await runtime.removeImage(id)) images.delete(id);
      save();
      await written();
    },
  };
}

/** Earlier agents wrote the ids alone. */
async function readImages(file: string): Promise<PulledImage[]> {
  try {
    const found: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!Array.isArray(found)) return [];
    return found.flatMap((entry: unknown): PulledImage[] => {
      if (typeof entry === 'string') return [{ id: entry, pulledAt: 0, usedAt: 0 }];
      const { id, pulledAt = 0, usedAt = 0 } = (entry ?? {}) as Partial<PulledImage>;
      return typeof id === 'string' ? [{ id, pulledAt, usedAt }] : [];
    });
  } catch {
    return [];
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Runtime } from '../runtimes/runtime.ts';
import { openPulledImages } from './pulled-images.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coracle-pulled-'));
});
afterAll(() => rm(dir, { recursive: true }));

/** Removes all but `kept`; remembers what it was asked for. */
function runtime(kept: string): { runtime: Runtime; asked: string[] } {
  const asked: string[] = [];
  const removeImage = async (id: string): Promise<boolean> => {
    asked.push(id);
    return id !== kept;
  };
  return { runtime: { removeImage } as unknown as Runtime, asked };
}

test('only what the agent pulled is removed, also after a restart; what is in use stays', async () => {
  const file = join(dir, 'pulled.json');
  const first = await openPulledImages(file);
  first.add('sha256:1', 1);
  first.add('sha256:2', 2);
  first.add('sha256:1', 3);
  const one = runtime('sha256:2');
  await first.reclaim(one.runtime);
  expect(one.asked).toEqual(['sha256:1', 'sha256:2']);
  const again = runtime('');
  await (await openPulledImages(file)).reclaim(again.runtime);
  expect(again.asked).toEqual(['sha256:2']);
});

test('a damaged file is an empty one', async () => {
  const file = join(dir, 'damaged.json');
  await writeFile(file, '{');
  const { runtime: any, asked } = runtime('');
  await (await openPulledImages(file)).reclaim(any);
  expect(asked).toEqual([]);
});

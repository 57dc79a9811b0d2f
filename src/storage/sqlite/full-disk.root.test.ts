/** A disk that is really full: a small file system in memory, which only root can mount. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { realClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { done } from '../testing/recorder.ts';
import { openSqlite } from './sqlite.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coracle-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]);
});
afterEach(async () => {
  execFileSync('umount', [folder]);
  await rm(folder, { recursive: true });
});

test('writes are refused with a clear error, reads go on, and writes work again when there is room', async () => {
  const file = join(folder, 'state.db');
  const value = Buffer.alloc(50_000, 7);
  {
    await using store = await openSqlite({ file, clock: realClock, logger: silentLogger });
    const kept = await done(store.put('/kept', value, { expected: 0 }));
    await writeFile(join(folder, 'ballast'), Buffer.alloc(3_000_000));
    let refused: unknown;
    for (let n = 0; refused === undefined && n < 200; n++)
      refused = await store.put(`/n/${n}`, value, { expected: 0 }).then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(refused).toMatchObject({ code: 'full', message: expect.stringContaining(`no space left for ${file}`) });
    await expect(store.put('/again', value, { expected: 0 })).rejects.toMatchObject({ code: 'full' });
    expect((await store.get('/kept'))?.modRevision).toBe(kept);
    expect((await store.range({ prefix: '/' })).items.every((item) => item.value.equals(value))).toBe(true);
    await rm(join(folder, 'ballast'));
    const before = await store.revision();
    expect(await done(store.put('/again', value, { expected: 0 }))).toBe(before + 1);
  }
  await using again = await openSqlite({ file, clock: realClock, logger: silentLogger });
  expect(await again.get('/again')).toBeDefined();
});

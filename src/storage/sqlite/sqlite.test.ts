import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, type Clock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { testStorage } from '../contract.ts';
import type { KeyValue } from '../storage.ts';
import { done, record } from '../testing/recorder.ts';
import { openSqlite, type SqliteOptions } from './sqlite.ts';

for (const alwaysWorker of [false, true]) {
  testStorage(alwaysWorker ? 'sqlite in a worker' : 'sqlite', {
    persists: true,
    fixture: async (clock) => {
      const folder = await mkdtemp(join(tmpdir(), 'coracle-storage-'));
      return {
        open: () => openSqlite({ file: join(folder, 'state.db'), clock, logger: silentLogger, alwaysWorker }),
        [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
      };
    },
  });
}

describe('the file', () => {
  let folder = '';
  let options: SqliteOptions;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coracle-storage-'));
    options = { file: join(folder, 'state.db'), clock: new FakeClock(), logger: silentLogger };
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('a second server on it is refused', async () => {
    await using first = await openSqlite(options);
    await expect(openSqlite(options)).rejects.toMatchObject({ code: 'locked', message: `${options.file} is in use by another server` });
    await done(first.put('/a', Buffer.from('1'), { expected: 0 }));
  });

  test('it can be opened again after stop, in the same process', async () => {
    await (await openSqlite(options)).stop();
    await using again = await openSqlite(options);
    expect(await again.revision()).toBe(1);
  });

  test('a long answer is told in pieces ahead of its end; values of any size end a piece', async () => {
    await using store = await openSqlite(options);
    const put = (key: string, value: Buffer): Promise<unknown> => done(store.put(key, value, { expected: 0 }));
    await Promise.all(Array.from({ length: 2500 }, (_, n) => put(`/p/${String(n)}`, Buffer.from('v'))));
    await Promise.all(Array.from({ length: 6 }, (_, n) => put(`/q/${String(n)}`, Buffer.alloc(1 << 20))));
    const pieces: (readonly KeyValue[])[] = [];
    const { items } = await store.range({ prefix: '/' });
    const rest = await store.range({ prefix: '/', ahead: (piece) => pieces.push(piece) });
    expect([items.length, pieces.length > 3]).toEqual([2506, true]);
    const told = [...pieces.flat(), ...rest.items];
    expect(told.map(({ key, modRevision }) => [key, modRevision])).toEqual(items.map(({ key, modRevision }) => [key, modRevision]));
    expect(told.every(({ value }, at) => items[at]?.value.equals(value))).toBe(true);
    expect(items.map(({ key }) => key)).toEqual(items.map(({ key }) => key).toSorted());
    const few = await store.range({ prefix: '/q/', limit: 2, after: '/q/1' });
    expect([few.items.map(({ key }) => key), few.remaining]).toEqual([['/q/2', '/q/3'], 2]);
  });

  test('what is read whole first need not be read again before writes: they are compared with all there is', async () => {
    const store = await openSqlite(options);
    const names = ['/a', '/p/1', '/p/2', '/q', '/z'];
    const revisions = new Map<string, number>();
    for (const key of names) revisions.set(key, await done(store.put(key, Buffer.from('1'), { expected: 0 })));
    await store.stop();
    await using again = await openSqlite(options);
    // Writes that come while it is read wait for it.
    const [{ items }, ...results] = await Promise.all([
      again.range({ prefix: '/p/' }),
      ...names.map((key) => again.put(key, Buffer.from('x'), { expected: 0 })),
      ...names.map((key) => again.put(key, Buffer.from('2'), { expected: revisions.get(key) ?? 0 })),
    ]);
    expect(items.map(({ key, value }) => [key, value.toString()])).toEqual([
      ['/p/1', '1'],
      ['/p/2', '1'],
    ]);
    expect(results.map((result) => result.done)).toEqual([...names.map(() => false), ...names.map(() => true)]);
    expect((await again.range({ prefix: '/' })).items.map(({ value }) => value.toString())).toEqual(names.map(() => '2'));
  });

  test('a key whose time is over while nobody ran goes as soon as somebody looks', async () => {
    const clock = new FakeClock();
    const store = await openSqlite({ ...options, clock });
    const put = await done(store.put('/e', Buffer.from('1'), { expected: 0, ttlSeconds: 60 }));
    await store.stop();
    await clock.advance(120_000);
    await using again = await openSqlite({ ...options, clock });
    expect((await again.range({ prefix: '/' })).items).toHaveLength(1);
    const watch = record(again, { prefix: '/', after: put });
    for (let tries = 0; tries < 500 && watch.all.length === 0; tries++) {
      await clock.advance(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(watch.told).toEqual([`${put + 1} delete /e`]);
  });

  test.each([
    ['text', 'This is not a database, but it is long enough to be mistaken for one. '.repeat(100)],
    ['a damaged page', ''],
  ])('%s instead of a store is refused as corrupt', async (_, text) => {
    if (text === '') {
      const store = await openSqlite(options);
      await Promise.all(Array.from({ length: 100 }, (_, n) => store.put(`/${n}`, Buffer.alloc(1000), { expected: 0 })));
      await store.stop();
      const header = Buffer.alloc(4096 * 4, 0x55);
      const { open } = await import('node:fs/promises');
      await using file = await open(options.file, 'r+');
      await file.write(header, 0, header.length, 4096);
    } else await writeFile(options.file, text);
    await expect(openSqlite(options)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('a damaged file is left as it is, its write-ahead log too', async () => {
    const { copyFile, open, readFile } = await import('node:fs/promises');
    const store = await openSqlite(options);
    await Promise.all(Array.from({ length: 300 }, (_, n) => store.put(`/${n}`, Buffer.alloc(1000), { expected: 0 })));
    await store.stop();
    // As a server that was killed leaves them: a file, and the newest writes in the log beside it.
    const killed = join(folder, 'killed.db');
    {
      await using again = await openSqlite(options);
      await done(again.put('/newest', Buffer.alloc(10), { expected: 0 }));
      await copyFile(options.file, killed);
      await copyFile(`${options.file}-wal`, `${killed}-wal`);
    }
    await using file = await open(killed, 'r+');
    await file.write(Buffer.alloc(4096 * 3, 0x55), 0, 4096 * 3, 4096 * 5);
    const bytes = async () => [await readFile(killed), await readFile(`${killed}-wal`)];
    const before = await bytes();
    await expect(openSqlite({ ...options, file: killed })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(`${killed} is damaged`),
    });
    expect(await bytes()).toEqual(before);
  }, 30_000);

  test('the database of another program is refused', async () => {
    const other = new DatabaseSync(options.file);
    other.exec('CREATE TABLE things (id INTEGER)');
    other.close();
    await expect(openSqlite(options)).rejects.toMatchObject({
      code: 'corrupt',
      message: `${options.file} is a database of something else`,
    });
  });

  test('a newer schema is refused', async () => {
    await (await openSqlite(options)).stop();
    const newer = new DatabaseSync(options.file);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    await expect(openSqlite(options)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('schema 99') });
  });

  test('a folder that is missing is told', async () => {
    await expect(openSqlite({ ...options, file: join(folder, 'none', 'state.db') })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('compaction takes rows out of the file', async () => {
    const store = await openSqlite(options);
    let revision = 0;
    for (let n = 0; n < 50; n++) revision = await done(store.put('/a', Buffer.from(String(n)), { expected: revision }));
    const other = await done(store.put('/b', Buffer.from('b'), { expected: 0 }));
    const deleted = await done(store.delete('/b', other));
    await store.compact(deleted);
    await store.stop();
    const rows = new DatabaseSync(options.file).prepare('SELECT key, id FROM log').all();
    expect(rows).toEqual([{ key: '/a', id: revision }]);
  });
});

test('a clock that jumps back breaks nothing: revisions go on, times to live end later', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coracle-storage-'));
  const fake = new FakeClock();
  let behind = 0;
  const clock: Clock = { now: () => fake.now() - behind, monotonic: () => fake.monotonic(), after: (ms, call) => fake.after(ms, call) };
  {
    await using store = await openSqlite({ file: join(folder, 'state.db'), clock, logger: silentLogger });
    const expiring = await done(store.put('/e', Buffer.from('1'), { expected: 0, ttlSeconds: 60 }));
    behind = 3_600_000;
    const watch = record(store, { prefix: '/', after: expiring });
    const first = await done(store.put('/a', Buffer.from('1'), { expected: 0 }));
    expect(first).toBe(expiring + 1);
    await fake.advance(120_000);
    expect(await store.get('/e')).toBeDefined();
    await fake.advance(3_600_000);
    await watch.until(() => watch.all.length === 2);
    expect(watch.told).toEqual([`${first} put /a 1`, `${first + 1} delete /e`]);
  }
  await rm(folder, { recursive: true });
});

describe('a full disk', () => {
  let folder = '';
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'coracle-storage-'))));
  afterEach(() => rm(folder, { recursive: true }));
  const openSmall = () =>
    openSqlite({ file: join(folder, 'state.db'), clock: new FakeClock(), logger: silentLogger, maxBytes: 256 * 1024, alwaysWorker: true });

  test('fails the whole batch and what rests on it; reads go on and later writes work', async () => {
    await using store = await openSmall();
    const kept = await done(store.put('/kept', Buffer.from('old'), { expected: 0 }));
    const watch = record(store, { prefix: '/', after: kept });
    const failing = [
      store.put('/kept', Buffer.from('new'), { expected: kept }),
      store.put('/large', Buffer.alloc(1_000_000), { expected: 0 }),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    // The commit above runs now; these are queued on top of it.
    const onTop = [
      store.put('/kept', Buffer.from('newer'), { expected: kept + 1 }),
      store.put('/other', Buffer.from('x'), { expected: 0 }),
    ];
    const stale = store.put('/kept', Buffer.from('again'), { expected: kept });
    for (const write of [...failing, ...onTop]) await expect(write).rejects.toMatchObject({ code: 'full' });
    // It was compared with a write that failed: compared again with what is there, it fits.
    const revision = await done(stale);
    expect((await store.get('/kept'))?.value.toString()).toBe('again');
    expect((await store.range({ prefix: '/' })).items.map(({ key }) => key)).toEqual(['/kept']);
    expect(revision).toBe(kept + 1);
    expect(watch.told).toEqual([`${revision} put /kept again`]);
  });
});

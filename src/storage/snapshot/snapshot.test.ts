import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { done, record } from '../testing/recorder.ts';
import { openMemory } from '../memory/memory.ts';
import { restoreSqlite, type RestoredKey } from '../sqlite/restore.ts';
import { openSqlite } from '../sqlite/sqlite.ts';
import type { KeyValue, Storage } from '../storage.ts';
import { openSnapshot, readHeader, writeSnapshot } from './snapshot.ts';

let folder: string;
const clock = new FakeClock();
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'coracle-snapshot-'))));
afterEach(() => rm(folder, { recursive: true }));

const value = (text: string): Buffer => Buffer.from(text);
const openFile = (name: string): Promise<Storage> => openSqlite({ file: join(folder, name), clock, logger: silentLogger });
const take = (storage: Storage, more: readonly KeyValue[] = []) =>
  writeSnapshot({ storage, file: join(folder, 'snapshot'), now: clock.now(), version: 'test', more });

async function read(): Promise<KeyValue[]> {
  await using snapshot = await openSnapshot(join(folder, 'snapshot'));
  const items: KeyValue[] = [];
  for await (const item of snapshot.items()) items.push(item);
  return items;
}

test('holds every key at one revision, whatever is written meanwhile', async () => {
  await using storage = await openFile('state.db');
  const names = Array.from({ length: 1300 }, (_, n) => `/k/${String(n).padStart(5, '0')}`);
  await Promise.all(names.map((key) => done(storage.put(key, value('old'), { expected: 0 }))));
  const before = await storage.range({ prefix: '' });
  const taking = take(storage);
  let isOver = false;
  const writing = async (): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const key = names[(n * 7) % names.length] ?? '';
      const current = await storage.get(key);
      await storage.put(key, value('new'), { expected: current?.modRevision ?? 0 });
      await storage.put(`/k/new-${n}`, value('new'), { expected: 0 });
    }
  };
  const writers = [writing(), writing()];
  const info = await taking;
  isOver = true;
  await Promise.all(writers);
  expect(info).toMatchObject({ revision: before.revision, keys: 1300, takenAt: clock.now() });
  expect(await read()).toEqual(before.items);
  expect(await readHeader(join(folder, 'snapshot'))).toMatchObject({ revision: before.revision, bytes: info.bytes, version: 'test' });
}, 60_000);

test('restores into an embedded store, which goes on far ahead of what anybody saw', async () => {
  await using storage = openMemory({ clock });
  const a = await done(storage.put('/a', value('1'), { expected: 0 }));
  await done(storage.put('/a', value('2'), { expected: a }));
  await done(storage.put('/b', value('b'), { expected: 0 }));
  const extra = { key: '/extra', value: value('e'), createRevision: 0, modRevision: 0 };
  const { revision } = await take(storage, [extra]);
  async function* items(): AsyncGenerator<RestoredKey> {
    for (const item of await read()) yield { ...item, expires: item.key === '/b' ? clock.now() + 60_000 : undefined };
  }
  await restoreSqlite(join(folder, 'restored.db'), items(), revision + 1000);
  await using restored = await openFile('restored.db');
  expect((await restored.range({ prefix: '/' })).items.map(({ key, value: text }) => [key, text.toString()])).toEqual([
    ['/a', '2'],
    ['/b', 'b'],
    ['/extra', 'e'],
  ]);
  expect(await restored.get('/a')).toMatchObject({ createRevision: a, modRevision: a + 1 });
  expect(await restored.revision()).toBe(revision + 1000);
  const late = record(restored, { prefix: '/', after: revision });
  await late.until(() => late.ended !== undefined);
  expect(late.ended?.code).toBe('compacted');
  expect(await done(restored.put('/c', value('c'), { expected: 0 }))).toBe(revision + 1001);
  await clock.advance(62_000);
  const gone = record(restored, { prefix: '/', after: revision + 1001 });
  await gone.until(() => gone.all.length === 1);
  expect(gone.told).toEqual([`${revision + 1002} delete /b`]);
});

test.each([
  ['a changed byte', (file: Buffer) => Buffer.concat([file.subarray(0, 150), value('x'), file.subarray(151)])],
  ['a missing end', (file: Buffer) => file.subarray(0, file.length - 40)],
  ['another file', () => value('something else')],
])('%s is found out before anything is read', async (_, spoil) => {
  await using storage = openMemory({ clock });
  await done(storage.put('/a', Buffer.alloc(300, 1), { expected: 0 }));
  await take(storage);
  const file = join(folder, 'snapshot');
  await writeFile(file, spoil(await readFile(file)));
  await expect(openSnapshot(file)).rejects.toMatchObject({ code: 'corrupt' });
});

test('one that fails leaves nothing', async () => {
  const storage = openMemory({ clock });
  await storage.stop();
  await expect(take(storage)).rejects.toMatchObject({ code: 'closed' });
  expect(await readdir(folder)).toEqual([]);
});

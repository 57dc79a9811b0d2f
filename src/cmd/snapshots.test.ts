import { mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { done } from '../storage/testing/recorder.ts';
import { startEtcd } from '../storage/etcd/testing/etcd-process.ts';
import { withEtcd } from '../storage/etcd/testing/with-etcd.ts';
import { openEtcd } from '../storage/etcd/etcd.ts';
import { openSqlite } from '../storage/sqlite/sqlite.ts';
import type { Storage } from '../storage/storage.ts';
import { checkSchedule } from './check-schedule.ts';
import { restoreSnapshot } from './restore.ts';
import { listSnapshots, pruneSnapshots, startSnapshotSchedule, takeSnapshot, type SnapshotSource } from './snapshots.ts';

const clock = new FakeClock(new Date(2026, 0, 1, 0, 0, 30).getTime());
const logger = silentLogger;
let folder: string;
let storage: Storage;
let source: SnapshotSource;

const openFile = (file: string): Promise<Storage> => openSqlite({ file, clock, logger });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coracle-snapshots-'));
  const dataDir = join(folder, 'data');
  mkdirSync(join(dataDir, 'tls'), { recursive: true });
  for (const file of ['ca.crt', 'ca.key', 'service-account.key']) await writeFile(join(dataDir, 'tls', file), `key ${file}`);
  storage = await openFile(join(dataDir, 'state.db'));
  source = { storage, dataDir, secret: 's', nodeName: 'n', clock };
  await done(storage.put('/registry/pods/a/b', Buffer.from('pod'), { expected: 0 }));
  await done(storage.put('/registry/events/a/b', Buffer.from('event'), { expected: 0, ttlSeconds: 3600 }));
  await done(storage.put('/registry/masterleases/10.0.0.1', Buffer.from('server'), { expected: 0, ttlSeconds: 15 }));
});
afterEach(async () => {
  await storage.stop();
  await rm(folder, { recursive: true });
});

test('they come by schedule, and the newest stay', async () => {
  const dir = join(folder, 'snapshots');
  await takeSnapshot(source, { dir, prefix: 'on-demand' });
  const schedule = await startSnapshotSchedule({ source, dir, prefix: 'scheduled', schedule: '*/10 * * * *', keep: 2, logger });
  const names = async (): Promise<string[]> =>
    (await listSnapshots(dir)).map(({ name, takenAt }) => `${name.split('-')[0] ?? ''} ${new Date(takenAt).getMinutes()}`);
  for (const expected of [1, 2, 2, 2]) {
    await clock.advance(10 * 60_000);
    for (let tries = 0; tries < 200 && (await names()).length !== expected + 1; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    // Whatever is to be thinned out goes right after.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await schedule.stop();
  expect(await names()).toEqual(['on 0', 'scheduled 30', 'scheduled 40']);
  expect(await pruneSnapshots(dir, 'scheduled', 1)).toHaveLength(1);
});

test('two within a second are two', async () => {
  const first = await takeSnapshot(source, { dir: folder, prefix: 'x' });
  await done(storage.put('/registry/pods/a/c', Buffer.from('pod'), { expected: 0 }));
  const second = await takeSnapshot(source, { dir: folder, prefix: 'x' });
  expect((await listSnapshots(folder)).map(({ file, revision }) => [file, revision])).toEqual(
    [first, second].map(({ file, revision }) => [file, revision]),
  );
  expect(second.revision).toBeGreaterThan(first.revision);
});

test.each(['0 */12 * * *', '@daily'])('%s is a schedule', (text) => {
  expect(() => checkSchedule(text)).not.toThrow();
});
test.each(['never', '61 * * * *'])('%s is none', (text) => {
  expect(() => checkSchedule(text)).toThrow(/must be a cron schedule/);
});

describe('restoring', () => {
  let file: string;
  beforeEach(async () => void ({ file } = await takeSnapshot(source, { dir: folder, prefix: 'x' })));
  const restore = (dataDir: string, secret: string | undefined) =>
    restoreSnapshot({ file, datastore: { kind: 'sqlite', file: join(dataDir, 'state.db') }, dataDir, secret, clock, logger });

  test('an empty folder gets the store and the keys of the cluster', async () => {
    const dataDir = join(folder, 'other');
    expect(await restore(dataDir, 's')).toEqual({ keys: 2, kept: undefined });
    expect(await readFile(join(dataDir, 'tls', 'ca.key'), 'utf8')).toBe('key ca.key');
    await using restored = await openFile(join(dataDir, 'state.db'));
    expect((await restored.range({ prefix: '' })).items.map(({ key }) => key)).toEqual(['/registry/events/a/b', '/registry/pods/a/b']);
  });

  test('what was there before is kept aside', async () => {
    await storage.stop();
    const { kept } = await restore(source.dataDir, 's');
    await using before = await openFile(kept ?? '');
    expect((await before.range({ prefix: '/registry/pods/' })).items).toHaveLength(1);
  });

  test.each([
    ['without the token', undefined, /give its token/],
    ['with another token', 'x', /another token/],
  ])('%s nothing is done', async (_, secret, message) => {
    await expect(restore(join(folder, 'other'), secret)).rejects.toThrow(message);
  });

  withEtcd.test(
    'an empty etcd gets everything, one that is in use nothing',
    async () => {
      await using cluster = await startEtcd({ arguments: ['--unsafe-no-fsync'] });
      const access = { endpoints: cluster.endpoints };
      const into = () =>
        restoreSnapshot({ file, datastore: { kind: 'etcd', access }, dataDir: join(folder, 'other'), secret: 's', clock, logger });
      expect((await into()).keys).toBe(3);
      await using restored = await openEtcd({ ...access, clock, logger });
      const { items } = await restored.range({ prefix: '' });
      expect(items.map(({ key }) => key)).toEqual([expect.stringMatching(/^\/bootstrap\//), '/registry/events/a/b', '/registry/pods/a/b']);
      await expect(into()).rejects.toThrow(/holds a cluster already/);
    },
    30_000,
  );
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { StorageError } from '../storage.ts';
import { LogAccess } from './log-access.ts';
import { commitWidth } from './protocol.ts';

let folder = '';
let clock = new FakeClock();
let lost: StorageError[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coracle-storage-'));
  clock = new FakeClock();
  lost = [];
});
afterEach(() => rm(folder, { recursive: true }));

const access = (workerUrl?: URL): LogAccess =>
  new LogAccess({
    file: join(folder, 'state.db'),
    maxBytes: 0,
    clock,
    workerUrl,
    alwaysWorker: false,
    lost: (error) => void lost.push(error),
  });

async function commit(log: LogAccess, revision: number): Promise<void> {
  const numbers = new Float64Array(commitWidth);
  numbers.set([revision, revision, 0, 0, 0, 1]);
  const data = new Uint8Array([revision % 256]).buffer;
  await log.ask({ op: 'commit', rows: { keys: [`/${String(revision).padStart(4, '0')}`], numbers, data }, previous: false }, [data]);
}

const all = (log: LogAccess) =>
  log.ask({ op: 'range', prefix: '/', after: undefined, limit: Infinity, revision: undefined, uncounted: true });

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a worker takes over when there is much to do, goes when there is little, and nothing is lost on the way', async () => {
  const log = access();
  expect(await log.open()).toEqual({ revision: 1, history: true });
  let revision = 1;
  const write = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await commit(log, ++revision);
  };
  await write(100);
  expect(log.hasWorker).toBe(false);
  await write(250);
  // It starts meanwhile.
  while (!log.hasWorker) {
    await write(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const reads = Array.from({ length: 5 }, () => all(log));
  await write(20);
  expect((await reads[0])?.rows.keys.length).toBeGreaterThan(300);
  await clock.advance(10_000);
  expect(log.hasWorker).toBe(true);
  await clock.advance(10_000);
  await until(() => !log.hasWorker);
  await write(1);
  const { rows } = await all(log);
  expect([rows.keys.length, new Uint8Array(rows.data).at(-1)]).toEqual([revision - 1, revision % 256]);
  await log.close();
  await expect(commit(log, revision + 1)).rejects.toMatchObject({ code: 'closed' });
  const again = access();
  expect((await again.open()).revision).toBe(revision);
  await again.close();
  expect(lost).toEqual([]);
}, 30_000);

test('where no thread can be had everything is done here', async () => {
  const log = access(new URL('file:///nowhere/worker.js'));
  await log.open();
  for (let n = 2; n < 1000; n++) {
    await commit(log, n);
    if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect([log.hasWorker, lost]).toEqual([false, []]);
  await log.close();
});

test('a store that is closed while its worker starts leaves nothing behind', async () => {
  const log = access();
  await log.open();
  for (let n = 2; n < 302; n++) await commit(log, n);
  await log.close();
  const again = access();
  expect((await again.open()).revision).toBe(301);
  await again.close();
  expect([again.hasWorker, lost]).toEqual([false, []]);
});

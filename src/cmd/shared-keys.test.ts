import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { openMemory } from '../storage/memory/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { leaveSharedKeys, takeSharedKeys } from './shared-keys.ts';

let storage: Storage;
let folder: string;
beforeEach(async () => {
  storage = openMemory({ clock: new FakeClock() });
  folder = await mkdtemp(join(tmpdir(), 'coracle-keys-'));
});
afterEach(async () => {
  await storage.stop();
  await rm(folder, { recursive: true });
});

async function withKeys(name: string, text: string): Promise<string> {
  const dataDir = join(folder, name);
  mkdirSync(join(dataDir, 'tls'), { recursive: true });
  for (const file of ['ca.crt', 'ca.key', 'service-account.key']) await writeFile(join(dataDir, 'tls', file), `${text} ${file}`);
  return dataDir;
}

test('the second server gets the keys of the first', async () => {
  const first = await withKeys('first', 'one');
  await takeSharedKeys({ storage, dataDir: first, secret: 's' });
  expect(await leaveSharedKeys({ storage, dataDir: first, secret: 's' })).toBe(true);
  const second = join(folder, 'second');
  await takeSharedKeys({ storage, dataDir: second, secret: 's' });
  expect(await readFile(join(second, 'tls', 'ca.key'), 'utf8')).toBe('one ca.key');
  const { items } = await storage.range({ prefix: '' });
  expect(items.map(({ value }) => value.toString('latin1')).join()).not.toContain('one');
});

test('of two that begin at once one is told to take the keys of the other', async () => {
  const [first, second] = [await withKeys('first', 'one'), await withKeys('second', 'two')];
  expect(await leaveSharedKeys({ storage, dataDir: first, secret: 's' })).toBe(true);
  expect(await leaveSharedKeys({ storage, dataDir: second, secret: 's' })).toBe(false);
});

test.each([
  ['without a token', undefined, /give its token/],
  ['with another token', 'x', /another token/],
])('a cluster that is there is not begun again %s', async (_, secret, message) => {
  await leaveSharedKeys({ storage, dataDir: await withKeys('first', 'one'), secret: 's' });
  await expect(takeSharedKeys({ storage, dataDir: join(folder, 'second'), secret })).rejects.toThrow(message);
});

test('a folder of another cluster is refused and left as it is', async () => {
  await leaveSharedKeys({ storage, dataDir: await withKeys('first', 'one'), secret: 's' });
  const other = await withKeys('other', 'two');
  await expect(takeSharedKeys({ storage, dataDir: other, secret: 's' })).rejects.toThrow(/another cluster/);
  expect(await readFile(join(other, 'tls', 'ca.crt'), 'utf8')).toBe('two ca.crt');
});

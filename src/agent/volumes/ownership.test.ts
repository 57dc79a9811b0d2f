import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { giveToGroup } from './ownership.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coracle-group-'));
  mkdirSync(join(dir, 'sub'));
  writeFileSync(join(dir, 'sub/file'), '', { mode: 0o600 });
  chmodSync(dir, 0o700);
});
afterEach(() => rmSync(dir, { recursive: true }));

// Everybody may give to a group of their own.
const group = process.getgid?.() ?? 0;
const mode = (path = ''): number => lstatSync(join(dir, path)).mode & 0o7777;

test('everything in the volume may be read and written by the group, folders hand it down', async () => {
  chmodSync(join(dir, 'sub'), 0o700);
  await giveToGroup(dir, { group });
  expect([mode(), mode('sub'), mode('sub/file')]).toEqual([0o2770, 0o2770, 0o660]);
});

test('what is read-only may only be read', async () => {
  await giveToGroup(dir, { group, readOnly: true });
  expect([mode(), mode('sub/file')]).toEqual([0o2750, 0o640]);
});

test('a link is left alone, and so is what it leads to', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'coracle-outside-'));
  chmodSync(outside, 0o700);
  symlinkSync(outside, join(dir, 'link'));
  await giveToGroup(dir, { group });
  expect(lstatSync(outside).mode & 0o7777).toBe(0o700);
  rmSync(outside, { recursive: true });
});

test('OnRootMismatch: only a root that is not right is a reason to look further', async () => {
  await giveToGroup(dir, { group, policy: 'OnRootMismatch' });
  expect(mode('sub/file')).toBe(0o660);
  chmodSync(join(dir, 'sub/file'), 0o600);
  await giveToGroup(dir, { group, policy: 'OnRootMismatch' });
  expect(mode('sub/file')).toBe(0o600);
  await giveToGroup(dir, { group, policy: 'Always' });
  expect(mode('sub/file')).toBe(0o660);
});

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { keepJson } from './kept-json.ts';

const dir = mkdtempSync(join(tmpdir(), 'coracle-kept-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('the newest value is in the file, private, and not written once for every change', async () => {
  const file = join(dir, 'value.json');
  let value = 0;
  let asked = 0;
  const kept = keepJson(file, () => {
    asked += 1;
    return { value };
  });
  for (value = 1; value < 50; value += 1) kept.save();
  await kept.written();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ value: 50 });
  expect(asked).toBe(1);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a write that fails keeps nothing from being written later', async () => {
  const file = join(dir, 'later.json');
  let broken = true;
  const kept = keepJson(file, () => {
    if (broken) throw new Error('not now');
    return 'there';
  });
  kept.save();
  await kept.written();
  broken = false;
  kept.save();
  await kept.written();
  expect(readFileSync(file, 'utf8')).toBe('"there"');
});

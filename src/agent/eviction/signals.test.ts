import { expect, test } from '@jest/globals';
import { memoryOf, observe, pidsOf } from './signals.ts';

test('memory counts idle files as free', () => {
  expect(memoryOf('MemTotal:  1000 kB\nMemFree:  100 kB\nInactive(file):  50 kB\n')).toEqual({ capacity: 1_024_000, available: 153_600 });
  expect(memoryOf('')).toBeUndefined();
});

test('tasks, by the lower of the limits', () => {
  expect(pidsOf('0.1 0.2 0.3 2/345 6789\n', ['32768', '1000'])).toEqual({ capacity: 1000, available: 655 });
  expect(pidsOf('', ['1000'])).toBeUndefined();
});

test('this machine has something left', async () => {
  const seen = await observe({ nodeDir: '/', imageDir: '/nonexistent' });
  for (const signal of ['memory.available', 'nodefs.available', 'pid.available'] as const) {
    expect(seen.get(signal)?.available).toBeGreaterThan(0);
  }
  expect(seen.has('imagefs.available')).toBe(false);
});

import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { Compactor } from './compactor.ts';

test('an answer that takes longer than an interval holds the next one up, and nothing is forgotten', async () => {
  const clock = new FakeClock();
  const slow: (() => void)[] = [];
  const compacted: number[] = [];
  let version = 0;
  const compactor = new Compactor({
    clock,
    keepMs: 1000,
    count: async (expected) => {
      await new Promise<void>((resolve) => slow.push(resolve));
      const succeeded = expected === version;
      if (succeeded) version += 1;
      return { succeeded, revision: version * 10, version };
    },
    compact: async (revision) => void compacted.push(revision),
    failed: (error) => {
      throw error;
    },
  });
  compactor.written();
  await clock.advance(1000);
  await clock.advance(1000);
  expect(slow).toHaveLength(1);
  slow[0]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect([slow.length, compacted]).toEqual([2, []]);
  slow[1]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(compacted).toEqual([10]);
  compactor.stop();
});

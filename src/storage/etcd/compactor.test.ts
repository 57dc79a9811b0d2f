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

test('of several servers one compacts each interval, to where all of them were one interval before; another goes on when it is gone', async () => {
  const clock = new FakeClock();
  const compacted: string[] = [];
  let version = 0;
  let revision = 0;
  const server = (name: string): Compactor =>
    new Compactor({
      clock,
      keepMs: 1000,
      count: async (expected) => {
        const succeeded = expected === version;
        if (succeeded) version += 1;
        return { succeeded, revision, version };
      },
      compact: async (to) => void compacted.push(`${name} ${String(to)}`),
      failed: (error) => {
        throw error;
      },
    });
  const servers = [server('a'), server('b'), server('c')];
  const interval = async (): Promise<void> => {
    revision += 100;
    for (const one of servers) one.written();
    await clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (let times = 0; times < 6; times++) await interval();
  const told = [...compacted];
  servers.shift()?.stop();
  for (let times = 0; times < 6; times++) await interval();
  for (const one of servers) one.stop();
  const targets = compacted.map((text) => Number(text.split(' ')[1]));
  expect(targets).toEqual([...new Set(targets)].toSorted((x, y) => x - y));
  expect([told.length > 2, compacted.length - told.length > 2]).toEqual([true, true]);
  // Never younger than an interval.
  expect(targets.at(-1)).toBeLessThanOrEqual(revision - 100);
});

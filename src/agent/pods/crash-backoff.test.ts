import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { CrashBackoff } from './crash-backoff.ts';

test('the first restart is at once, then 10 s, doubling up to 5 min, forgotten after 10 min of peace', async () => {
  const clock = new FakeClock();
  const backoff = new CrashBackoff(clock);
  const waits: number[] = [];
  for (let crash = 0; crash < 8; crash += 1) {
    const left = backoff.remaining(clock.now());
    waits.push(left / 1000);
    await clock.advance(left);
    backoff.next(clock.now());
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  await clock.advance(601_000);
  expect(backoff.remaining(clock.now())).toBe(0);
});

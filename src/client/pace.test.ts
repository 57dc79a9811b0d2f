import { expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { createPace } from './pace.ts';

function setUp() {
  const clock = new FakeClock();
  const pace = createPace({ clock, perSecond: 50, burst: 3 });
  const done: number[] = [];
  return { clock, pace, done, run: (...all: number[]) => all.forEach((n) => pace.run(() => void done.push(n))) };
}

test('a burst goes at once, the rest in order at its pace', async () => {
  const { clock, done, run } = setUp();
  run(1, 2, 3, 4, 5);
  expect(done).toEqual([1, 2, 3]);
  await clock.advance(19);
  expect(done).toHaveLength(3);
  await clock.advance(1);
  expect(done).toEqual([1, 2, 3, 4]);
  run(6);
  await clock.advance(40);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a quiet time gives back the burst and no more', async () => {
  const { clock, done, run } = setUp();
  run(1, 2, 3);
  await clock.advance(60_000);
  run(4, 5, 6, 7);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
});

test('the end lets everything go, and nothing waits afterwards', async () => {
  const { pace, done, run } = setUp();
  run(1, 2, 3, 4, 5);
  await pace.stop();
  expect(done).toEqual([1, 2, 3, 4, 5]);
  run(6);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
});

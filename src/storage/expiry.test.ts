import { expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { Expiry } from './expiry.ts';

test('keys go in the order of their times, whatever the order they came in', async () => {
  const clock = new FakeClock(0);
  const gone: number[] = [];
  const expiry = new Expiry(clock, (due) => gone.push(...due.map(({ revision }) => revision)));
  const add = (at: number, revision: number): void => expiry.add({ key: `/k${String(revision)}`, revision, at });
  add(3000, 1);
  add(1000, 2);
  add(2000, 3);
  add(2000, 4);
  await clock.advance(999);
  expect(gone).toEqual([]);
  await clock.advance(1);
  expect(gone).toEqual([2]);
  add(1500, 5);
  add(9000, 6);
  await clock.advance(1000);
  expect(gone).toEqual([2, 5, 3, 4]);
  await clock.advance(10_000);
  expect(gone).toEqual([2, 5, 3, 4, 1, 6]);
  add(12_500, 7);
  expiry.stop();
  await clock.advance(10_000);
  expect(gone).toEqual([2, 5, 3, 4, 1, 6]);
});

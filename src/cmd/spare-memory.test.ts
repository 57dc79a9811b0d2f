import { expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { startSparingMemory } from './spare-memory.ts';

const mega = 1024 * 1024;

test('what a burst has left is collected once it is quiet, and not again until there is more', async () => {
  const clock = new FakeClock(0);
  const state = { heap: 20 * mega, busy: 0, collected: 0 };
  const saver = startSparingMemory(clock, {
    heapBytes: () => state.heap,
    busyMs: () => state.busy,
    collect: () => {
      state.collected += 1;
      state.heap = 15 * mega;
    },
  });
  state.busy += 5000;
  await clock.advance(30_000);
  expect(state.collected).toBe(0);
  await clock.advance(30_000);
  expect(state.collected).toBe(1);
  state.heap += mega;
  await clock.advance(60_000);
  expect(state.collected).toBe(1);
  state.heap += 2 * mega;
  await clock.advance(30_000);
  expect(state.collected).toBe(2);
  state.heap = 300 * mega;
  await clock.advance(60_000);
  expect(state.collected).toBe(2);
  await saver.stop();
  state.heap = 50 * mega;
  await clock.advance(60_000);
  expect(state.collected).toBe(2);
});

test('this process can collect', async () => {
  const clock = new FakeClock(0);
  const saver = startSparingMemory(clock);
  await expect(clock.advance(60_000)).resolves.not.toThrow();
  await saver.stop();
});

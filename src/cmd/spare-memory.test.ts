import { expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { type Process, startSparingMemory } from './spare-memory.ts';

const mega = 1024 * 1024;

class FakeProcess implements Process {
  heap = 20 * mega;
  busy = 0;
  collected = 0;
  looks = 0;
  heapBytes(): number {
    return this.heap;
  }
  busyMs(): number {
    this.looks++;
    return this.busy;
  }
  collect(): void {
    this.collected++;
    this.heap = 15 * mega;
  }
}

function noticing(noticed: () => void, count = 100): void {
  for (let n = 0; n < count; n++) noticed();
}

test('what a start and bursts have left is collected once it is quiet, and nothing is looked at before the next burst', async () => {
  const clock = new FakeClock(0);
  const own = new FakeProcess();
  const memory = startSparingMemory({ clock, own });
  noticing(memory.noticed, 200);
  await clock.advance(60_000);
  expect(own.collected).toBe(0);
  own.busy += 900;
  memory.started();
  await clock.advance(15_000);
  expect(own.collected).toBe(1);
  own.heap = 100 * mega;
  const { looks } = own;
  noticing(memory.noticed, 99);
  await clock.advance(600_000);
  expect([own.collected, own.looks]).toEqual([1, looks]);
  noticing(memory.noticed, 300);
  own.busy += 5000;
  await clock.advance(15_000);
  expect(own.collected).toBe(1);
  await clock.advance(15_000);
  expect(own.collected).toBe(2);
  own.heap = 300 * mega;
  noticing(memory.noticed);
  await clock.advance(60_000);
  expect(own.collected).toBe(2);
  await memory.stop();
});

test('much is collected while the rest of a load is still being worked off, but not again and again', async () => {
  const clock = new FakeClock(0);
  const own = new FakeProcess();
  await using memory = startSparingMemory({ clock, own });
  memory.started();
  await clock.advance(15_000);
  expect(own.collected).toBe(1);
  noticing(memory.noticed);
  own.heap = 150 * mega;
  own.busy += 1000;
  await clock.advance(15_000);
  expect(own.collected).toBe(2);
  own.heap = 45 * mega;
  own.busy += 1000;
  await clock.advance(15_000);
  expect(own.collected).toBe(2);
  await clock.advance(15_000);
  expect(own.collected).toBe(3);
});

test('where nobody notices anything it is looked all the time', async () => {
  const clock = new FakeClock(0);
  const own = new FakeProcess();
  const memory = startSparingMemory({ clock, own, always: true });
  memory.started();
  await clock.advance(15_000);
  own.heap += 3 * mega;
  await clock.advance(45_000);
  expect(own.collected).toBe(2);
  await memory.stop();
  own.heap = 50 * mega;
  await clock.advance(60_000);
  expect(own.collected).toBe(2);
});

test('this process can collect', async () => {
  const clock = new FakeClock(0);
  const memory = startSparingMemory({ clock });
  memory.started();
  await expect(clock.advance(60_000)).resolves.not.toThrow();
  noticing(memory.noticed);
  await memory.stop();
});

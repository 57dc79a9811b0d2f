import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { rememberImages } from './known-images.ts';
import { transitionEvents } from './node-object.ts';
import { RuntimeHealth, together } from './runtime-health.ts';

describe('the runtime', () => {
  test('is down when it has not answered for half a minute, and its events are missed after three', async () => {
    const clock = new FakeClock();
    let answers = false;
    const health = new RuntimeHealth({ version: () => (answers ? Promise.resolve('20') : new Promise(() => undefined)) }, clock);
    expect(health.problems()).toEqual([]);
    health.ask();
    await clock.advance(30_001);
    expect(health.problems()).toEqual(['container runtime is down']);
    await clock.advance(150_000);
    expect(together(health.problems())).toBe(
      '[container runtime is down, PLEG is not healthy: pleg was last seen active 3m0s ago; threshold is 3m0s]',
    );
    answers = true;
    const other = new RuntimeHealth({ version: () => Promise.resolve('20') }, clock);
    await clock.advance(31_000);
    other.ask();
    await clock.advance(0);
    expect(other.problems()).toEqual([]);
  });

  test('that hangs does not keep the node from telling of its images', async () => {
    const clock = new FakeClock();
    const known = rememberImages({ listImages: () => new Promise(() => undefined) }, clock);
    const first = known.list();
    await clock.advance(2000);
    expect(await first).toEqual([]);
  });
});

test('events tell of conditions that have changed', () => {
  const condition = (type: string, status: string) => ({ type, status });
  const old = { conditions: [condition('MemoryPressure', 'False'), condition('Ready', 'False')] };
  const next = { conditions: [condition('MemoryPressure', 'False'), condition('DiskPressure', 'True'), condition('Ready', 'True')] };
  expect(transitionEvents(old, next)).toEqual(['NodeHasDiskPressure', 'NodeReady']);
});

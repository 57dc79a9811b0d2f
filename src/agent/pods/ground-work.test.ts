import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { testPod } from '../testing/pods.ts';
import type { TaskHost } from './container-tasks.ts';
import { GroundWork } from './ground-work.ts';

test('a step that fails is not tried again at once, and ever later', async () => {
  const woken: (number | 'now')[] = [];
  const host = {
    deps: { clock: new FakeClock(0), logger: silentLogger },
    pod: testPod(),
    wake: () => woken.push('now'),
    wakeAfter: (ms: number) => woken.push(ms),
  } as unknown as TaskHost;
  const work = new GroundWork(host);
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    expect(work.run(step)).toBe(true);
    expect(work.run(step)).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(work.busy).toBe(false);
  };
  const failing = (): Promise<void> => Promise.reject(new Error('no network'));
  await attempt(failing);
  await attempt(failing);
  await attempt(async () => undefined);
  await attempt(failing);
  expect(woken).toEqual([1000, 2000, 'now', 1000]);
});

import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { PodWorker } from '../pods/worker.ts';
import { rememberImages } from './known-images.ts';
import { transitionEvents } from './node-object.ts';
import { RuntimeHealth, together } from './runtime-health.ts';
import { endPods, isMachineStopping, shutdownSteps } from './shutdown.ts';

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

describe('when the machine goes down', () => {
  const pod = (name: string, priority: number, calls: string[], hangs = false): PodWorker =>
    ({
      active: true,
      pod: { metadata: { name }, spec: { priority, terminationGracePeriodSeconds: 30 } },
      shutDown: (_message: string, ms: number) => (
        calls.push(`${name} ${String(ms)}`),
        hangs ? new Promise(() => undefined) : Promise.resolve()
      ),
    }) as unknown as PodWorker;

  test('critical pods end last, and have what is kept for them', async () => {
    const calls: string[] = [];
    const clock = new FakeClock();
    const workers = [pod('dns', 2_000_000_000, calls), pod('web', 0, calls, true)];
    const policy = { graceMs: 40_000, graceCriticalMs: 10_000 };
    expect(shutdownSteps(workers, policy).map(({ ms, pods }) => [ms, pods.length])).toEqual([
      [30_000, 1],
      [10_000, 1],
    ]);
    let over = false;
    const ended = endPods({ clock, workers, policy }).then(() => (over = true));
    await clock.advance(29_999);
    expect([calls, over]).toEqual([['web 30000'], false]);
    // One that does not end in time is not waited for.
    await clock.advance(1);
    await ended;
    expect(calls).toEqual(['web 30000', 'dns 10000']);
  });

  test.each([
    ['stopping\n', true],
    ['running\n', false],
    ['', false],
  ])('systemctl says %j', async (said, stopping) => {
    expect(await isMachineStopping(async () => said)).toBe(stopping);
  });
});

import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { refs } from '../../client/refs.ts';
import type { PodWorker } from '../pods/worker.ts';
import { simAgent } from '../testing/sim-agent.ts';
import type { Logind } from './logind.ts';
import { endPods, gracePeriods, isMachineStopping, shutdownSteps, startNodeShutdown } from './shutdown.ts';

type Calls = string[];

function worker(name: string, priority: number | undefined, calls: Calls = [], hangs = false): PodWorker {
  return {
    active: true,
    pod: { metadata: { name }, spec: { ...(priority === undefined ? {} : { priority }), terminationGracePeriodSeconds: 30 } },
    shutDown: (_message: string, ms: number) => (
      calls.push(`${name} ${String(ms)}`),
      hangs ? new Promise(() => undefined) : Promise.resolve()
    ),
  } as unknown as PodWorker;
}

/** A logind that tells what is asked of it. */
function fakeLogind(calls: Calls): { logind: Logind; signal(goesDown: boolean): void } {
  let tell: (goesDown: boolean) => void = () => undefined;
  const logind: Logind = {
    allowDelay: async (ms) => void calls.push(`allow ${String(ms)}`),
    inhibit: async () => {
      calls.push('lock');
      return running(() => void calls.push('release'));
    },
    watch: (handler) => {
      tell = handler;
      return running(() => undefined);
    },
  };
  return { logind, signal: (goesDown) => tell(goesDown) };
}

describe('how long pods have', () => {
  test.each([
    ['nothing is said', {}, []],
    ['more is kept than there is', { shutdownGraceMs: 1000, shutdownGraceCriticalMs: 2000 }, []],
    [
      'two times are given',
      { shutdownGraceMs: 40_500, shutdownGraceCriticalMs: 10_000 },
      [
        [0, 30_000],
        [2_000_000_000, 10_000],
      ],
    ],
    [
      'a table is given',
      {
        shutdownGraceByPriority: [
          { priority: 100, ms: 5000 },
          { priority: 0, ms: 7000 },
        ],
      },
      [
        [0, 7000],
        [100, 5000],
      ],
    ],
  ])('%s', (_, policy, expected) => {
    expect(gracePeriods(policy).map(({ priority, ms }) => [priority, ms])).toEqual(expected);
  });

  test('a pod counts to the nearest priority below it, one below all to the lowest', () => {
    const periods = gracePeriods({ shutdownGraceByPriority: [10, 100, 1000].map((priority) => ({ priority, ms: priority * 1000 })) });
    const pods = [5, 10, 99, 100, 101, 5000, undefined].map((priority) => worker(`p${String(priority)}`, priority));
    expect(shutdownSteps(pods, periods).map((step) => step.pods.map(({ pod }) => pod.metadata.name))).toEqual([
      ['p5', 'p10', 'p99', 'pundefined'],
      ['p100', 'p101'],
      ['p5000'],
    ]);
  });

  test('critical pods end last; one that does not end in time is not waited for', async () => {
    const calls: Calls = [];
    const clock = new FakeClock();
    const pods = [worker('dns', 2_000_000_000, calls), worker('web', 0, calls, true)];
    let over = false;
    const ended = endPods({
      clock,
      workers: () => pods,
      periods: gracePeriods({ shutdownGraceMs: 40_000, shutdownGraceCriticalMs: 10_000 }),
    }).then(() => (over = true));
    await clock.advance(29_999);
    expect([calls, over]).toEqual([['web 30000'], false]);
    await clock.advance(1);
    await ended;
    expect(calls).toEqual(['web 30000', 'dns 10000']);
  });
});

describe('logind', () => {
  const begin = (calls: Calls, pods: PodWorker[], graceMs = 10_000) => {
    const clock = new FakeClock();
    const fake = fakeLogind(calls);
    const shutdown = startNodeShutdown({
      ...{ clock, logger: silentLogger, logind: fake.logind },
      workers: () => pods,
      periods: gracePeriods({ shutdownGraceMs: graceMs }),
      event: (message) => void calls.push(message),
      changed: () => void calls.push('changed'),
    });
    return { ...fake, clock, shutdown };
  };

  test('waits until the pods have ended', async () => {
    const calls: Calls = [];
    const { signal, clock, shutdown } = begin(calls, [worker('web', 0, calls)]);
    await clock.advance(0);
    expect(calls.splice(0)).toEqual(['allow 10000', 'lock']);
    signal(true);
    await clock.advance(0);
    expect(calls.splice(0)).toEqual(['Shutdown manager detected shutdown event', 'changed', 'web 10000', 'release']);
    expect(shutdown.inProgress).toBe(true);
    // The service stops next: nothing is done twice.
    await shutdown.shutDown();
    expect(calls).toEqual([]);
    await shutdown.stop();
  });

  test('calls a shutdown off: the node goes on, and holds the next one up', async () => {
    const calls: Calls = [];
    const { signal, clock, shutdown } = begin(calls, []);
    await clock.advance(0);
    signal(true);
    await clock.advance(0);
    calls.splice(0);
    signal(false);
    await clock.advance(0);
    expect(shutdown.inProgress).toBe(false);
    expect(calls).toEqual(['Shutdown manager detected shutdown cancellation', 'changed', 'lock']);
    await shutdown.stop();
    expect(calls.at(-1)).toBe('release');
  });

  test('is not asked when pods have no time', async () => {
    const calls: Calls = [];
    const { clock, shutdown } = begin(calls, [], 0);
    await clock.advance(0);
    await shutdown.stop();
    expect(calls).toEqual([]);
  });

  test('that refuses does not keep the node from starting', async () => {
    const shutdown = startNodeShutdown({
      ...{ clock: new FakeClock(), logger: silentLogger, workers: () => [], periods: gracePeriods({ shutdownGraceMs: 1000 }) },
      logind: { ...fakeLogind([]).logind, inhibit: () => Promise.reject(new Error('Permission denied')) },
      event: () => undefined,
      changed: () => undefined,
    });
    await shutdown.stop();
    expect(shutdown.inProgress).toBe(false);
  });
});

test('a node whose machine goes down ends its pods, takes no more, and is not ready', async () => {
  const fake = fakeLogind([]);
  const node = simAgent({ logind: fake.logind, shutdownGraceMs: 10_000 });
  const agent = await node.start();
  await node.create();
  expect(node.pod().status.phase).toBe('Running');
  fake.signal(true);
  await node.advance(10_000);
  expect(node.pod().status).toMatchObject({
    phase: 'Failed',
    reason: 'Terminated',
    message: 'Pod was terminated in response to imminent node shutdown.',
  });
  expect(node.condition('DisruptionTarget')).toMatchObject({ status: 'True', reason: 'TerminationByKubelet' });
  await node.create({ metadata: { name: 'late' } });
  expect(node.pod('late').status).toMatchObject({
    phase: 'Failed',
    reason: 'NodeShutdown',
    message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
  });
  const ready = node.client.peek(refs.nodes, 'n1')?.status.conditions?.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({ status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' });
  expect(node.reasons()).toContain('NodeShutdown');
  await agent.stop();
});

test.each([
  ['stopping\n', true],
  ['running\n', false],
  ['', false],
])('systemctl says %j', async (said, stopping) => {
  expect(await isMachineStopping(async () => said)).toBe(stopping);
});

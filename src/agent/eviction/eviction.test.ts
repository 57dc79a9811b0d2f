import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { PodWorker } from '../pods/worker.ts';
import { testPod } from '../testing/pods.ts';
import { startEviction } from './eviction.ts';
import { allThresholds, noTuning, type Observation, parseThresholds, type Signal } from './thresholds.ts';

interface Fake {
  readonly name: string;
  readonly used: number;
  readonly priority?: number;
  readonly spec?: object;
}

async function setUp(fakes: readonly Fake[], thresholds = parseThresholds('memory.available<500')) {
  const clock = new FakeClock(0);
  const said: string[] = [];
  const left = new Map<Signal, Observation>([['memory.available', { available: 1000, capacity: 2000 }]]);
  const alive = new Map(
    fakes.map((fake) => {
      const pod = testPod({ metadata: { name: fake.name }, spec: { priority: fake.priority ?? 0, ...fake.spec } });
      const evict = (message: string, disrupted: boolean, graceMs = 0): void => {
        said.push(`${fake.name}: ${message}${disrupted ? '(disrupted)' : ''}${graceMs > 0 ? ` in ${String(graceMs)} ms` : ''}`);
        alive.delete(fake.name);
      };
      return [fake.name, { worker: { pod, active: true, stopping: false, evict } as unknown as PodWorker, used: fake.used }];
    }),
  );
  const useOf = (worker: PodWorker): number => alive.get(worker.pod.metadata.name)?.used ?? 0;
  const eviction = startEviction({
    clock,
    logger: silentLogger,
    thresholds,
    maxPodGraceMs: 20_000,
    observe: async () => left,
    workers: () => [...alive.values()].map(({ worker }) => worker),
    used: async (worker) => useOf(worker),
    diskUse: async (worker) => ({ volumes: new Map([['v', useOf(worker)]]), containers: new Map() }),
    reclaim: async (starved) => void said.push(`reclaim ${starved}`),
    changed: () => said.push(`now ${eviction.pressures().join()}`),
    event: (reason, message) => said.push(`${reason}: ${message}`),
  });
  await clock.advance(0);
  return { clock, said, left, eviction };
}

test('a node with enough does nothing', async () => {
  const { said, clock, eviction } = await setUp([{ name: 'a', used: 1 }]);
  await clock.advance(60_000);
  expect(said).toEqual([]);
  await eviction.stop();
});

test('a starved node reports it and evicts one pod at a look, never one of the system', async () => {
  const system = { name: 'system', used: 10_000, priority: 2_000_001_000 };
  const { said, clock, left, eviction } = await setUp([system, { name: 'small', used: 1 }, { name: 'large', used: 100 }]);
  left.set('memory.available', { available: 400, capacity: 2000 });
  await clock.advance(10_000);
  const words = 'The node was low on resource: memory. Threshold quantity: 500, available: 0Ki. (disrupted)';
  const look = ['EvictionThresholdMet: Attempting to reclaim memory', 'reclaim memory'];
  expect(said).toEqual(['now MemoryPressure', ...look, `large: ${words}`]);
  await clock.advance(10_000);
  expect(said.slice(4)).toEqual([...look, `small: ${words}`]);
  await clock.advance(10_000);
  expect(said.slice(7)).toEqual(look);
  left.set('memory.available', { available: 1000, capacity: 2000 });
  await clock.advance(310_000);
  expect(said.slice(9)).toEqual(['now ']);
  await eviction.stop();
});

test('for a soft threshold a pod goes after the grace period, with time to end', async () => {
  const tuning = { ...noTuning, soft: 'memory.available<500', softGraceMs: { 'memory.available': 15_000 } };
  const patient = { name: 'patient', used: 2, spec: { terminationGracePeriodSeconds: 3600 } };
  const { said, clock, left, eviction } = await setUp([patient], allThresholds('memory.available<100', tuning));
  left.set('memory.available', { available: 400, capacity: 2000 });
  await clock.advance(10_000);
  expect(said).toEqual(['now MemoryPressure']);
  await clock.advance(20_000);
  expect(said.at(-1)).toMatch(/^patient: The node was low on resource: memory\..*\(disrupted\) in 20000 ms$/);
  await eviction.stop();
});

test('a pod over its own limit goes whatever the node has', async () => {
  const spec = { volumes: [{ name: 'v', emptyDir: { sizeLimit: '10' } }] };
  const { said, eviction } = await setUp([
    { name: 'greedy', used: 11, spec },
    { name: 'modest', used: 10, spec },
  ]);
  expect(said).toEqual(['greedy: Usage of EmptyDir volume "v" exceeds the limit "10". ']);
  await eviction.stop();
});

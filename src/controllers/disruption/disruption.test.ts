import { describe, expect, test } from '@jest/globals';
import type { Pod, PodDisruptionBudget } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { disruptionController } from './index.ts';

const labels = { app: 'web' };
const owner = (kind: string, uid: string, apiVersion = 'apps/v1') => [{ apiVersion, kind, name: uid, uid, controller: true }];

function budget(spec: object): object {
  return {
    metadata: { name: 'web', namespace: 'shop', generation: 1 },
    spec: { selector: { matchLabels: labels }, ...spec },
    status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
  };
}

function pod(name: string, ownerReferences?: object[], ready = true): object {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const metadata = { name, namespace: 'shop', labels, ...(ownerReferences === undefined ? {} : { ownerReferences }) };
  return { metadata, spec: { nodeName: 'n1', containers: [] }, status: { phase: 'Running', conditions } };
}

function deployment(client: FakeClient, replicas: number): void {
  client.seed(refs.deployments, { metadata: { name: 'web', namespace: 'shop', uid: 'web' }, spec: { replicas } });
  const metadata = { name: 'web-1', namespace: 'shop', uid: 'web-1', ownerReferences: owner('Deployment', 'web') };
  client.seed(refs.replicaSets, { metadata, spec: { replicas: 1 } });
}

const start = (spec: object, seed: (client: FakeClient) => void): Promise<Bench> =>
  startBench([disruptionController], {
    seed: (client) => {
      seed(client);
      client.seed(refs.podDisruptionBudgets, budget(spec));
    },
  });
const stored = (bench: Bench): PodDisruptionBudget => bench.client.peek(refs.podDisruptionBudgets, 'shop/web') as PodDisruptionBudget;
const status = (bench: Bench): PodDisruptionBudget['status'] => stored(bench).status;
const numbers = (bench: Bench): (number | undefined)[] => {
  const { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed } = status(bench);
  return [expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed];
};
const events = (bench: Bench): string[] => bench.client.all(refs.events).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
const seedPods = (client: FakeClient, count: number, ownerReferences?: object[]): void => {
  for (let at = 0; at < count; at += 1) client.seed(refs.pods, pod(`p${String(at)}`, ownerReferences));
};

describe('numbers: expected, desired, healthy, allowed', () => {
  test.each([
    ['minAvailable as a number counts the pods', { minAvailable: 2 }, [3, 2, 3, 1]],
    ['minAvailable as a share of what the Deployment wants, rounded up', { minAvailable: '30%' }, [4, 2, 3, 1]],
    ['maxUnavailable as a number', { maxUnavailable: 2 }, [4, 2, 3, 1]],
    ['maxUnavailable as a share, rounded up', { maxUnavailable: '30%' }, [4, 2, 3, 1]],
    ['more than there are', { minAvailable: 9 }, [3, 9, 3, 0]],
    ['maxUnavailable beyond all', { maxUnavailable: 9 }, [4, 0, 3, 3]],
  ])('%s', async (_title, spec, expected) => {
    await using bench = await start(spec, (client) => {
      deployment(client, 4);
      seedPods(client, 3, owner('ReplicaSet', 'web-1'));
    });
    expect(numbers(bench)).toEqual(expected);
    expect(status(bench).observedGeneration).toBe(1);
    const [condition] = status(bench).conditions ?? [];
    const allowed = (expected[3] ?? 0) > 0;
    expect(condition).toMatchObject({
      type: 'DisruptionAllowed',
      status: allowed ? 'True' : 'False',
      reason: allowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration: 1,
    });
  });

  test('controllers of several kinds add up', async () => {
    await using bench = await start({ maxUnavailable: 1 }, (client) => {
      client.seed(refs.statefulSets, { metadata: { name: 'db', namespace: 'shop', uid: 'db' }, spec: { replicas: 2 } });
      client.seed(refs.replicationControllers, { metadata: { name: 'rc', namespace: 'shop', uid: 'rc' }, spec: { replicas: 3 } });
      client.seed(refs.replicaSets, { metadata: { name: 'rs', namespace: 'shop', uid: 'rs' }, spec: { replicas: 4 } });
      client.seed(refs.pods, pod('a', owner('StatefulSet', 'db')));
      client.seed(refs.pods, pod('b', owner('ReplicationController', 'rc', 'v1')));
      client.seed(refs.pods, pod('c', owner('ReplicaSet', 'rs')));
      client.seed(refs.pods, pod('d', owner('ReplicaSet', 'rs')));
    });
    expect(numbers(bench)).toEqual([9, 8, 4, 0]);
  });

  test('readiness and deletion of pods count at once; no pods, nothing to disrupt', async () => {
    await using bench = await start({ minAvailable: 1 }, (client) => seedPods(client, 3));
    expect(numbers(bench)).toEqual([3, 1, 3, 2]);
    await bench.client
      .resource(refs.pods)
      .updateStatus({ ...(bench.client.peek(refs.pods, 'shop/p0') as Pod), status: { phase: 'Running' } });
    await bench.settle();
    expect(numbers(bench)).toEqual([3, 1, 2, 1]);
    await bench.client.resource(refs.pods).delete('shop', 'p1');
    await bench.settle();
    expect(numbers(bench)).toEqual([3, 1, 1, 0]);
    for (const name of ['p0', 'p1', 'p2']) bench.client.remove(refs.pods, `shop/${name}`);
    await bench.settle();
    expect(numbers(bench)).toEqual([0, 1, 0, 0]);
    expect(events(bench)).toContain('NoPods: No matching pods found');
  });
});

test('an unknown controller: nothing may be disrupted, and that is told', async () => {
  await using bench = await start({ maxUnavailable: 1 }, (client) => seedPods(client, 2, owner('Thing', 't', 'example.com/v1')));
  const message = 'no matches for kind "Thing" in version "example.com/v1"';
  expect(status(bench)).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message }],
  });
  expect(events(bench)).toContain(`CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${message}`);
});

test('unmanaged pods are told of', async () => {
  await using bench = await start({ maxUnavailable: 1 }, (client) => seedPods(client, 2));
  expect(numbers(bench)).toEqual([0, 0, 2, 0]);
  const [event] = events(bench).filter((text) => text.startsWith('UnmanagedPods'));
  expect(event).toContain(
    '(selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},})',
  );
});

test('granted evictions count until the deletion shows, for two minutes at most', async () => {
  await using bench = await start({ minAvailable: 1 }, (client) => seedPods(client, 3));
  const granted = {
    ...status(bench),
    disruptionsAllowed: 1,
    disruptedPods: { p0: rfc3339(bench.clock.now()), gone: rfc3339(bench.clock.now()) },
  };
  await bench.client.resource(refs.podDisruptionBudgets).updateStatus({ ...stored(bench), status: granted });
  await bench.settle();
  expect(numbers(bench)).toEqual([3, 1, 2, 1]);
  expect(Object.keys(status(bench).disruptedPods ?? {})).toEqual(['p0']);
  await bench.clock.advance(121_000);
  await bench.settle();
  expect(numbers(bench)).toEqual([3, 1, 3, 2]);
  expect(status(bench).disruptedPods).toBeUndefined();
  expect(events(bench)).toContain("NotDeleted: Pod was expected by PDB shop/shop to be deleted but it wasn't");
});

test('changes of many pods are counted together', async () => {
  await using bench = await start({ minAvailable: 1 }, (client) => seedPods(client, 500));
  const writes = bench.client.actions.length;
  for (let at = 0; at < 100; at += 1) bench.client.remove(refs.pods, `shop/p${String(at)}`);
  await bench.settle();
  expect(bench.client.actions).toHaveLength(writes);
  await bench.clock.advance(10);
  await bench.settle();
  expect(numbers(bench)).toEqual([400, 1, 400, 399]);
  expect(bench.client.actions).toHaveLength(writes + 1);
});

test('a pod of two budgets is told of, and both count it', async () => {
  await using bench = await startBench([disruptionController], {
    seed: (client) => {
      client.seed(refs.podDisruptionBudgets, budget({ minAvailable: 1 }));
      const other = budget({ minAvailable: 0 }) as { metadata: { name: string } };
      other.metadata.name = 'other';
      client.seed(refs.podDisruptionBudgets, other);
    },
  });
  bench.client.seed(refs.pods, pod('p'));
  await bench.settle();
  expect(bench.client.all(refs.podDisruptionBudgets).map((one) => one.status.currentHealthy)).toEqual([1, 1]);
  expect(events(bench)).toContain(
    'MultiplePodDisruptionBudgets: Pod "shop"/"p" matches multiple PodDisruptionBudgets.  Chose "web" arbitrarily.',
  );
});

test('a DisruptionTarget that led to nothing is taken back after two minutes', async () => {
  await using bench = await start({ minAvailable: 1 }, () => undefined);
  const marked = (name: string, reason: string): object => ({
    metadata: { name, namespace: 'shop' },
    spec: { containers: [] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'm', lastTransitionTime: rfc3339(bench.clock.now()) }],
    },
  });
  bench.client.seed(refs.pods, marked('p', 'PreemptionByScheduler'));
  bench.client.seed(refs.pods, marked('k', 'TerminationByKubelet'));
  await bench.settle();
  const condition = (name: string) => bench.client.peek<Pod>(refs.pods, `shop/${name}`)?.status.conditions?.[0];
  await bench.clock.advance(119_000);
  await bench.settle();
  expect(condition('p')?.status).toBe('True');
  await bench.clock.advance(2_000);
  await bench.settle();
  expect(condition('p')).toMatchObject({ type: 'DisruptionTarget', status: 'False' });
  expect(condition('p')?.reason).toBeUndefined();
  expect(condition('k')?.status).toBe('True');
});

test('idle: nothing is written once all is well', async () => {
  await using bench = await start({ minAvailable: 1 }, (client) => seedPods(client, 3));
  const writes = bench.client.actions.length;
  await bench.clock.advance(3_600_000);
  await bench.settle();
  expect(bench.client.actions).toHaveLength(writes);
});

import { expect, test } from '@jest/globals';
import type { Pod, ResourceQuota } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ResourceRef } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { resourceQuotaController } from './index.ts';

const definitions: ResourceRef<KubeObject> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

function seedQuota(client: FakeClient, hard: object, status: object = {}): void {
  client.seed(refs.resourceQuotas, { metadata: { name: 'q', namespace: 'shop' }, spec: { hard }, status });
}

function seedPods(client: FakeClient, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const containers = [{ name: 'c', resources: { requests: { cpu: '100m' } } }];
    client.seed(refs.pods, { metadata: { name: `p${String(at)}`, namespace: 'shop' }, spec: { nodeName: 'n1', containers } });
  }
}

const quota = (bench: Bench): ResourceQuota => bench.client.peek(refs.resourceQuotas, 'shop/q') as ResourceQuota;
const used = (bench: Bench): unknown => quota(bench).status.used;

async function gather(bench: Bench): Promise<void> {
  await bench.settle();
  await bench.clock.advance(50);
  await bench.settle();
}

const start = (hard: object, seed: (client: FakeClient) => void = () => undefined): Promise<Bench> =>
  startBench([resourceQuotaController], {
    seed: (client) => {
      client.resource(definitions);
      seedQuota(client, hard);
      seed(client);
    },
  });

test('counts what is there, of any kind', async () => {
  await using bench = await start(
    { pods: '5', 'requests.cpu': '1', secrets: '2', 'count/deployments.apps': '3', 'count/unheard.of': '1' },
    (client) => {
      seedPods(client, 2);
      client.seed(refs.deployments, { metadata: { name: 'd', namespace: 'shop' }, spec: {} });
      client.seed(refs.deployments, { metadata: { name: 'd', namespace: 'other' }, spec: {} });
    },
  );
  expect(quota(bench).status).toEqual({
    hard: { pods: '5', 'requests.cpu': '1', secrets: '2', 'count/deployments.apps': '3', 'count/unheard.of': '1' },
    used: { pods: '2', 'requests.cpu': '200m', secrets: '0', 'count/deployments.apps': '1' },
  });
});

test('a custom kind is counted from when it is served', async () => {
  await using bench = await start({ 'count/foos.example.com': '3' });
  expect(used(bench)).toEqual({});
  const foos = { group: 'example.com', version: 'v1', resource: 'foos', kind: 'Foo', namespaced: true } as ResourceRef<KubeObject>;
  bench.client.resource(foos);
  bench.client.seed(foos, { metadata: { name: 'a', namespace: 'shop' } });
  bench.client.seed(definitions, { metadata: { name: 'foos.example.com' } });
  await bench.settle();
  await bench.clock.advance(500);
  await bench.settle();
  expect(used(bench)).toEqual({ 'count/foos.example.com': '1' });
});

test('gives back what is deleted and what has ended', async () => {
  await using bench = await start({ pods: '5', 'requests.cpu': '1', 'count/pods': '9' }, (client) => seedPods(client, 3));
  bench.client.remove(refs.pods, 'shop/p0');
  await gather(bench);
  expect(used(bench)).toEqual({ pods: '2', 'requests.cpu': '200m', 'count/pods': '2' });
  const pod = bench.client.peek<Pod>(refs.pods, 'shop/p1') as Pod;
  await bench.client.resource(refs.pods).updateStatus({ ...pod, status: { phase: 'Succeeded' } });
  await gather(bench);
  expect(used(bench)).toEqual({ pods: '1', 'requests.cpu': '100m', 'count/pods': '2' });
});

test('many deletions are one count', async () => {
  await using bench = await start({ pods: '50' }, (client) => seedPods(client, 50));
  const before = bench.client.actions.length;
  for (let at = 0; at < 50; at += 1) bench.client.remove(refs.pods, `shop/p${String(at)}`);
  await gather(bench);
  expect(used(bench)).toEqual({ pods: '0' });
  expect(bench.client.actions).toHaveLength(before + 1);
});

test('other limits are written at once', async () => {
  await using bench = await start({ pods: '5' }, (client) => seedPods(client, 1));
  await bench.client
    .resource(refs.resourceQuotas)
    .patch('shop', 'q', { type: 'application/merge-patch+json', body: { spec: { hard: { pods: null, configmaps: '1' } } } });
  await bench.settle();
  expect(quota(bench).status).toEqual({ hard: { configmaps: '1' }, used: { configmaps: '0' } });
});

test('what others write into the status stands for five minutes at most', async () => {
  await using bench = await start({ pods: '5' });
  await bench.client.resource(refs.resourceQuotas).updateStatus({ ...quota(bench), status: { hard: { pods: '9' }, used: { pods: '4' } } });
  await bench.settle();
  expect(used(bench)).toEqual({ pods: '4' });
  await bench.clock.advance(300_000);
  await bench.settle();
  expect(quota(bench).status).toEqual({ hard: { pods: '5' }, used: { pods: '0' } });
});

test('an object that was charged before it was there is found by the second look', async () => {
  await using bench = await start({ pods: '5' }, (client) => seedPods(client, 1));
  await bench.client.resource(refs.resourceQuotas).updateStatus({ ...quota(bench), status: { hard: { pods: '5' }, used: { pods: '2' } } });
  bench.client.remove(refs.pods, 'shop/p0');
  await gather(bench);
  expect(used(bench)).toEqual({ pods: '0' });
  seedPods(bench.client, 1);
  await bench.settle();
  await bench.clock.advance(5_000);
  await bench.settle();
  expect(used(bench)).toEqual({ pods: '1' });
});

test('a pod that should have ended long ago stops to count', async () => {
  await using bench = await start({ pods: '5' }, (client) => seedPods(client, 1));
  await bench.client.resource(refs.pods).delete('shop', 'p0');
  await gather(bench);
  expect(used(bench)).toEqual({ pods: '1' });
  await bench.clock.advance(31_000);
  await bench.settle();
  expect(used(bench)).toEqual({ pods: '0' });
});

test('idle: nothing is written', async () => {
  await using bench = await start({ pods: '5', 'requests.cpu': '1' }, (client) => seedPods(client, 2));
  const writes = bench.client.actions.length;
  await bench.clock.advance(3_600_000);
  await bench.settle();
  expect(bench.client.actions).toHaveLength(writes);
});

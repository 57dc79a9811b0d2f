import { describe, expect, test } from '@jest/globals';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { startBench } from '../testing/bench.ts';
import { judge } from './decide.ts';
import { garbageCollector } from './index.ts';

const owner = (uid: string, blockOwnerDeletion = true) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: uid,
  uid,
  controller: true,
  blockOwnerDeletion,
});
const set = (client: FakeClient, uid: string, extra: object = {}): void =>
  void client.seed(refs.replicaSets, { metadata: { name: uid, namespace: 'shop', uid, ...extra }, spec: {}, status: { replicas: 0 } });
const pod = (client: FakeClient, uid: string, owners: object[], extra: object = {}): void =>
  void client.seed(refs.pods, {
    metadata: { name: uid, namespace: 'shop', uid, ownerReferences: owners, ...extra },
    spec: { containers: [] },
  });

describe('garbage collector', () => {
  test('background: dependents follow their owner', async () => {
    await using bench = await startBench([garbageCollector], {
      seed: (client) => {
        set(client, 'rs');
        pod(client, 'p1', [owner('rs')]);
        pod(client, 'free', []);
      },
    });
    expect(bench.client.all(refs.pods)).toHaveLength(2);
    await bench.client.resource(refs.replicaSets).delete('shop', 'rs', { propagationPolicy: 'Background' });
    await bench.settle();
    expect(bench.client.all(refs.pods).map((one) => one.metadata.name)).toEqual(['free']);
  });

  test('an owner that never was, or has another uid by now, counts as gone', async () => {
    await using bench = await startBench([garbageCollector], {
      seed: (client) => {
        set(client, 'rs');
        pod(client, 'p1', [{ ...owner('rs'), uid: 'earlier' }]);
        pod(client, 'p2', [owner('nobody')]);
      },
    });
    expect(bench.client.all(refs.pods)).toEqual([]);
  });

  test('with one owner left an object stays and loses the other reference', async () => {
    await using bench = await startBench([garbageCollector], {
      seed: (client) => {
        set(client, 'rs');
        set(client, 'other');
        pod(client, 'p1', [owner('rs'), { ...owner('other'), controller: false }]);
      },
    });
    await bench.client.resource(refs.replicaSets).delete('shop', 'rs');
    await bench.settle();
    expect(bench.client.peek(refs.pods, 'shop/p1')?.metadata.ownerReferences).toMatchObject([{ uid: 'other' }]);
  });

  test('foreground: the owner goes last', async () => {
    await using bench = await startBench([garbageCollector], {
      seed: (client) => {
        set(client, 'rs');
        pod(client, 'p1', [owner('rs')], { finalizers: ['example.com/hold'] });
      },
    });
    await bench.client.resource(refs.replicaSets).delete('shop', 'rs', { propagationPolicy: 'Foreground' });
    await bench.settle();
    expect(bench.client.peek(refs.pods, 'shop/p1')?.metadata.deletionTimestamp).toBeDefined();
    expect(bench.client.peek(refs.replicaSets, 'shop/rs')).toBeDefined();
    bench.client.remove(refs.pods as never, 'shop/p1');
    await bench.settle();
    expect(bench.client.peek(refs.replicaSets, 'shop/rs')).toBeUndefined();
  });

  test('orphan: dependents stay without the reference', async () => {
    await using bench = await startBench([garbageCollector], {
      seed: (client) => {
        set(client, 'rs');
        pod(client, 'p1', [owner('rs')]);
      },
    });
    await bench.client.resource(refs.replicaSets).delete('shop', 'rs', { propagationPolicy: 'Orphan' });
    await bench.settle();
    expect(bench.client.peek(refs.replicaSets, 'shop/rs')).toBeUndefined();
    expect(bench.client.peek(refs.pods, 'shop/p1')?.metadata.ownerReferences).toBeUndefined();
  });

  test('does not touch what has owners, however often it changes', async () => {
    await using bench = await startBench([garbageCollector], {
      seed: (client) => {
        set(client, 'rs');
        pod(client, 'p1', [owner('rs')]);
      },
    });
    await bench.client
      .resource(refs.pods)
      .patch('shop', 'p1', { type: 'application/merge-patch+json', body: { metadata: { labels: { a: 'b' } } } });
    await bench.settle();
    expect(bench.client.actions.filter(({ verb }) => verb === 'delete')).toEqual([]);
  });
});

describe('judge', () => {
  const one = owner('a');
  const facts = { finalizers: [], hasDependents: false, dependentWaits: false };
  test.each([
    ['a solid owner', { ...facts, owners: { solid: [one], dangling: [], waiting: [] } }, { do: 'keep' }],
    ['solid and dangling', { ...facts, owners: { solid: [one], dangling: [owner('b')], waiting: [] } }, { do: 'drop-owners', uids: ['b'] }],
    [
      'waiting owner with dependents',
      { ...facts, hasDependents: true, owners: { solid: [], dangling: [], waiting: [one] } },
      { do: 'delete', propagation: 'Foreground', unblock: false },
    ],
    [
      'waiting owner without dependents',
      { ...facts, owners: { solid: [], dangling: [], waiting: [one] } },
      { do: 'delete', propagation: 'Background', unblock: false },
    ],
    [
      'a circle is broken',
      { ...facts, hasDependents: true, dependentWaits: true, owners: { solid: [], dangling: [], waiting: [one] } },
      { do: 'delete', propagation: 'Foreground', unblock: true },
    ],
    [
      'asked to orphan',
      { ...facts, finalizers: ['orphan'], owners: { solid: [], dangling: [one], waiting: [] } },
      { do: 'delete', propagation: 'Orphan', unblock: false },
    ],
  ])('%s', (_what, given, expected) => {
    expect(judge(given)).toEqual(expected);
  });
});

import { describe, expect, test } from '@jest/globals';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { CidrPool } from '../node-ipam/cidrs.ts';
import { nodeIpamController } from '../node-ipam/index.ts';
import { podGCController } from '../pod-gc/index.ts';
import { patience, taintEvictionController } from '../taint-eviction/index.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { nodeLifecycleController } from './index.ts';

const node = (client: FakeClient, name: string, status = 'True'): void =>
  void client.seed(refs.nodes, {
    metadata: { name, uid: name },
    spec: {},
    status: { conditions: [{ type: 'Ready', status, reason: 'KubeletReady', lastHeartbeatTime: '2026-01-01T00:00:00Z' }] },
  });
const pod = (client: FakeClient, name: string, spec: object = {}, extra: object = {}): void =>
  void client.seed(refs.pods, {
    metadata: { name, namespace: 'shop', uid: name, ...extra },
    spec: { containers: [], nodeName: 'n1', ...spec },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
const renew = async (bench: Bench, name = 'n1'): Promise<void> => {
  const lease = bench.client.peek(refs.leases, `kube-node-lease/${name}`);
  const body = { metadata: { name, namespace: 'kube-node-lease' }, spec: { renewTime: rfc3339(bench.clock.now()) } };
  if (lease === undefined) await bench.client.resource(refs.leases).create('kube-node-lease', body);
  else await bench.client.resource(refs.leases).update({ ...lease, spec: body.spec });
};
const ready = (bench: Bench) => bench.client.peek(refs.nodes, 'n1')?.status.conditions?.find(({ type }) => type === 'Ready');
const taints = (bench: Bench) => bench.client.peek(refs.nodes, 'n1')?.spec.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? [];

describe('node lifecycle', () => {
  test('a renewed Lease keeps a node alive; silence makes it Unknown, tainted, its pods unready', async () => {
    await using bench = await startBench([nodeLifecycleController], {
      seed: (client) => {
        node(client, 'n1');
        node(client, 'n2');
        pod(client, 'p');
      },
    });
    for (let at = 0; at < 10; at += 1) {
      await renew(bench);
      await renew(bench, 'n2');
      await bench.clock.advance(10_000);
    }
    expect(ready(bench)?.status).toBe('True');
    await renew(bench, 'n2');
    await bench.clock.advance(40_000);
    await bench.settle();
    expect(ready(bench)).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' });
    expect(taints(bench)).toEqual(['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute']);
    expect(bench.client.peek(refs.pods, 'shop/p')?.status.conditions).toMatchObject([{ type: 'Ready', status: 'False' }]);
  });

  test('taints follow conditions and cordoning, foreign taints stay', async () => {
    await using bench = await startBench([nodeLifecycleController], {
      seed: (client) => {
        node(client, 'n1', 'False');
        node(client, 'n2');
      },
    });
    expect(taints(bench)).toEqual(['node.kubernetes.io/not-ready:NoSchedule', 'node.kubernetes.io/not-ready:NoExecute']);
    const api = bench.client.resource(refs.nodes);
    const current = bench.client.peek(refs.nodes, 'n1');
    await api.patch('', 'n1', {
      type: 'application/merge-patch+json',
      body: { spec: { unschedulable: true, taints: [...(current?.spec.taints ?? []), { key: 'mine', effect: 'NoSchedule' }] } },
    });
    const latest = bench.client.peek(refs.nodes, 'n1');
    if (latest !== undefined) await api.updateStatus({ ...latest, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    await bench.clock.advance(1000);
    await bench.settle();
    expect(taints(bench)).toEqual(['mine:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
  });
});

describe('taint eviction', () => {
  test.each([
    ['no toleration', [], 0],
    ['for ever', [{ key: 'x', operator: 'Exists', effect: 'NoExecute' }], Infinity],
    ['for a while', [{ key: 'x', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }], 300_000],
    [
      'the shortest counts',
      [
        { operator: 'Exists', tolerationSeconds: 5 },
        { key: 'x', operator: 'Exists', tolerationSeconds: 300 },
      ],
      5000,
    ],
  ])('patience: %s', (_what, tolerations, expected) => {
    expect(patience([{ key: 'x', effect: 'NoExecute' }], tolerations)).toBe(expected);
  });

  test('pods go when their time is up, unless the taint goes first', async () => {
    await using bench = await startBench([taintEvictionController], {
      seed: (client) => {
        node(client, 'n1');
        pod(client, 'now');
        pod(client, 'later', { tolerations: [{ key: 'x', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }] });
      },
    });
    const setTaints = (list: object[] | null) =>
      bench.client.resource(refs.nodes).patch('', 'n1', { type: 'application/merge-patch+json', body: { spec: { taints: list } } });
    await setTaints([{ key: 'x', effect: 'NoExecute' }]);
    await bench.settle();
    const isGoing = (name: string): boolean => bench.client.peek(refs.pods, `shop/${name}`)?.metadata.deletionTimestamp !== undefined;
    expect([isGoing('now'), isGoing('later')]).toEqual([true, false]);
    await bench.clock.advance(200_000);
    await setTaints(null);
    await bench.clock.advance(200_000);
    expect(isGoing('later')).toBe(false);
    await setTaints([{ key: 'x', effect: 'NoExecute' }]);
    await bench.settle();
    await bench.clock.advance(300_000);
    await bench.settle();
    expect(isGoing('later')).toBe(true);
  });
});

describe('node CIDRs', () => {
  test('pieces are handed out in turn, taken ones skipped, all gone at the end', () => {
    const pool = new CidrPool('10.42.0.0/22');
    pool.occupy('10.42.1.0/24');
    expect([pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate()]).toEqual([
      '10.42.0.0/24',
      '10.42.2.0/24',
      '10.42.3.0/24',
      undefined,
    ]);
    pool.release('10.42.2.0/24');
    expect(pool.allocate()).toBe('10.42.2.0/24');
  });

  test('each node gets one of each family and keeps it', async () => {
    await using bench = await startBench([nodeIpamController], {
      settings: { clusterCIDRs: ['10.42.0.0/16', 'fd42::/56'] },
      seed: (client) => {
        client.seed(refs.nodes, {
          metadata: { name: 'old' },
          spec: { podCIDR: '10.42.0.0/24', podCIDRs: ['10.42.0.0/24', 'fd42::/64'] },
          status: {},
        });
        node(client, 'n1');
      },
    });
    expect(bench.client.peek(refs.nodes, 'n1')?.spec).toMatchObject({
      podCIDR: '10.42.1.0/24',
      podCIDRs: ['10.42.1.0/24', 'fd42:0:0:1::/64'],
    });
    expect(bench.client.peek(refs.nodes, 'old')?.spec.podCIDR).toBe('10.42.0.0/24');
  });
});

describe('pod garbage', () => {
  test('pods of a node that is gone for 40 s, unscheduled ones at once, the oldest of too many ended', async () => {
    await using bench = await startBench([podGCController], {
      settings: { terminatedPodThreshold: 1 },
      seed: (client) => {
        node(client, 'n1');
        pod(client, 'on-node');
        pod(client, 'unscheduled', { nodeName: '' }, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 });
        for (const name of ['done-1', 'done-2']) {
          client.seed(refs.pods, {
            metadata: { name, namespace: 'shop', uid: name },
            spec: { containers: [], nodeName: 'n1' },
            status: { phase: 'Succeeded' },
          });
        }
      },
    });
    const names = (): string[] => bench.client.all(refs.pods).map((one) => one.metadata.name);
    expect(names()).toEqual(['on-node', 'done-1', 'done-2']);
    await bench.clock.advance(20_000);
    await bench.settle();
    expect(names()).toEqual(['on-node', 'done-2']);
    bench.client.remove(refs.nodes as never, 'n1');
    await bench.clock.advance(39_000);
    expect(names()).toEqual(['on-node', 'done-2']);
    await bench.clock.advance(1000);
    await bench.settle();
    expect(names()).toEqual([]);
  });

  test('pods that are going on a node that is out of service go at once', async () => {
    await using bench = await startBench([podGCController], {
      seed: (client) => {
        node(client, 'n1', 'Unknown');
        pod(client, 'going', {}, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 });
        pod(client, 'staying');
      },
    });
    const names = (): string[] => bench.client.all(refs.pods).map((one) => one.metadata.name);
    expect(names()).toEqual(['going', 'staying']);
    const fence = { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }] } };
    await bench.client.resource(refs.nodes).patch('', 'n1', { type: 'application/merge-patch+json', body: fence });
    await bench.settle();
    expect(names()).toEqual(['staying']);
    await bench.client.resource(refs.pods).delete('shop', 'staying');
    await bench.settle();
    expect(names()).toEqual([]);
  });
});

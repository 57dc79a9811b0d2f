import { describe, expect, test } from '@jest/globals';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { serviceLBController } from './index.ts';

interface NodeForm {
  readonly addresses?: readonly (readonly [type: string, address: string])[];
  readonly ready?: boolean;
  readonly kubeletPort?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

const node = (client: FakeClient, name: string, { addresses = [], ready = true, labels = {}, kubeletPort = 0 }: NodeForm): void =>
  void client.seed(refs.nodes, {
    metadata: { name, labels },
    spec: {},
    status: {
      addresses: addresses.map(([type, address]) => ({ type, address })),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    },
  });
const service = (client: FakeClient, spec: object = {}, metadata: object = {}): void =>
  void client.seed(refs.services, {
    metadata: { name: 'web', namespace: 'shop', uid: 'svc', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: { type: 'LoadBalancer', clusterIP: '10.43.0.9', ipFamilies: ['IPv4'], ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    status: {},
  });
const start = (seed: (client: FakeClient) => void, settings: object = {}): Promise<Bench> =>
  startBench([serviceLBController], { seed, settings });
const ips = (bench: Bench, key = 'shop/web'): (string | undefined)[] | undefined =>
  bench.client.peek(refs.services, key)?.status.loadBalancer?.ingress?.map(({ ip }) => ip);
const internal = (address: string): NodeForm => ({ addresses: [['InternalIP', address]] });

describe('addresses', () => {
  test('of every ready node, of the Service’s families, external before internal', async () => {
    await using bench = await start((client) => {
      node(client, 'a', {
        addresses: [
          ['InternalIP', '10.0.0.2'],
          ['InternalIP', 'fd00::2'],
          ['Hostname', 'a'],
        ],
      });
      node(client, 'b', {
        addresses: [
          ['InternalIP', '10.0.0.1'],
          ['ExternalIP', '1.1.1.1'],
        ],
      });
      node(client, 'c', { ...internal('10.0.0.3'), ready: false });
      node(client, 'd', { ...internal('10.0.0.4'), labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } });
      service(client);
      service(client, { ipFamilies: ['IPv6', 'IPv4'], ports: [{ port: 81 }] }, { name: 'dual', uid: 'dual' });
    });
    expect(ips(bench)).toEqual(['1.1.1.1', '10.0.0.2']);
    expect(ips(bench, 'shop/dual')).toEqual(['fd00::2', '1.1.1.1', '10.0.0.2']);
    node(bench.client, 'c', internal('10.0.0.3'));
    await bench.settle();
    expect(ips(bench)).toEqual(['1.1.1.1', '10.0.0.2', '10.0.0.3']);
    expect(bench.client.all(refs.events).map(({ reason }) => reason)).toContain('EnsuredLoadBalancer');
  });

  test('under policy Local only of nodes with ready endpoints, of all as long as there is none', async () => {
    const slice = (client: FakeClient, nodeName: string, conditions: object = { ready: true }): void =>
      void client.seed(refs.endpointSlices, {
        metadata: { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        endpoints: [
          { addresses: ['10.42.0.1'], conditions, nodeName },
          { addresses: ['10.42.1.1'], conditions: { ready: false }, nodeName: 'c' },
        ],
        ports: [],
      });
    await using bench = await start((client) => {
      for (const name of ['a', 'b', 'c'])
        node(client, name, internal(`10.0.0.${name}`.replace(/[abc]$/, (text) => String('abc'.indexOf(text)))));
      service(client, { externalTrafficPolicy: 'Local' });
      slice(client, 'a');
    });
    expect(ips(bench)).toEqual(['10.0.0.0']);
    slice(bench.client, 'b');
    await bench.settle();
    expect(ips(bench)).toEqual(['10.0.0.1']);
    // One that ends keeps its node while it serves.
    slice(bench.client, 'b', { ready: false, serving: true, terminating: true });
    await bench.settle();
    expect(ips(bench)).toEqual(['10.0.0.1']);
    slice(bench.client, 'b', { ready: false, serving: false, terminating: true });
    await bench.settle();
    expect(ips(bench)).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.2']);
  });
});

describe('whose Service it is', () => {
  test.each([
    ['a class', { loadBalancerClass: 'example.com/other' }],
    ['another type', { type: 'NodePort' }],
  ])('%s leaves it alone', async (_, spec) => {
    await using bench = await start((client) => (node(client, 'a', internal('10.0.0.1')), service(client, spec)));
    expect(ips(bench)).toBeUndefined();
  });

  test('switched off it does nothing', async () => {
    await using bench = await start((client) => (node(client, 'a', internal('10.0.0.1')), service(client)), { disableServiceLB: true });
    expect(ips(bench)).toBeUndefined();
  });

  test('a Service that stops being one loses its addresses', async () => {
    await using bench = await start((client) => (node(client, 'a', internal('10.0.0.1')), service(client)));
    const current = bench.client.peek(refs.services, 'shop/web');
    if (current !== undefined)
      await bench.client.resource(refs.services).update({ ...current, spec: { ...current.spec, type: 'ClusterIP' } });
    await bench.settle();
    expect(bench.client.peek(refs.services, 'shop/web')?.status.loadBalancer).toEqual({});
  });

  test('who has a port keeps it when an elder Service asks for it later', async () => {
    await using bench = await start((client) => {
      node(client, 'a', internal('10.0.0.1'));
      service(client, { type: 'ClusterIP' }, { name: 'elder', uid: 'elder', creationTimestamp: '2025-01-01T00:00:00Z' });
      service(client);
    });
    service(bench.client, {}, { name: 'elder', uid: 'elder', creationTimestamp: '2025-01-01T00:00:00Z' });
    await bench.settle();
    expect([ips(bench), ips(bench, 'shop/elder')]).toEqual([['10.0.0.1'], undefined]);
    await bench.client.resource(refs.services).delete('shop', 'web');
    await bench.settle();
    expect(ips(bench, 'shop/elder')).toEqual(['10.0.0.1']);
  });

  test('two with one port: the elder has it, the other waits and is told so, until the elder goes', async () => {
    await using bench = await start((client) => {
      node(client, 'a', internal('10.0.0.1'));
      service(client);
      service(client, {}, { name: 'late', uid: 'late', creationTimestamp: '2026-01-02T00:00:00Z' });
      service(client, { ports: [{ port: 80, protocol: 'UDP' }] }, { name: 'udp', uid: 'udp' });
    });
    expect([ips(bench), ips(bench, 'shop/late'), ips(bench, 'shop/udp')]).toEqual([['10.0.0.1'], undefined, ['10.0.0.1']]);
    expect(bench.client.all(refs.events).find(({ reason }) => reason === 'SyncLoadBalancerFailed')?.message).toBe(
      'Error syncing load balancer: port 80/TCP is taken by service shop/web',
    );
    await bench.client.resource(refs.services).delete('shop', 'web');
    await bench.settle();
    expect(ips(bench, 'shop/late')).toEqual(['10.0.0.1']);
  });
});

test('ports without which nobody gets at the cluster or a node are refused, with an event; others are taken', async () => {
  await using bench = await start((client) => {
    node(client, 'a', { ...internal('10.0.0.1'), kubeletPort: 10250 });
    client.seed(refs.endpointSlices, {
      metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'] }],
      ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
    });
    for (const port of [22, 443, 6443, 10250]) service(client, { ports: [{ port: 80 }, { port }] }, { name: `p${port}`, uid: `p${port}` });
    service(client, { ports: [{ port: 22, protocol: 'UDP' }, { port: 81 }] }, { name: 'udp', uid: 'udp' });
  });
  const given = [22, 443, 6443, 10250].map((port) => ips(bench, `shop/p${port}`));
  expect([given, ips(bench, 'shop/udp')]).toEqual([[undefined, ['10.0.0.1'], undefined, undefined], ['10.0.0.1']]);
  const failed = bench.client.all(refs.events).filter(({ reason }) => reason === 'SyncLoadBalancerFailed');
  expect(failed.map(({ message }) => message?.replace('Error syncing load balancer: ', '')).sort()).toEqual([
    'port 10250/TCP of the nodes is for the kubelet',
    'port 22/TCP of the nodes is for SSH',
    'port 6443/TCP of the nodes is for the API server',
  ]);
});

test('a status that somebody else wrote stays while the answer is the same', async () => {
  await using bench = await start((client) => (node(client, 'a', internal('10.0.0.1')), service(client)));
  const current = bench.client.peek(refs.services, 'shop/web');
  if (current === undefined) throw new Error('the Service is gone');
  await bench.client.resource(refs.services).updateStatus({ ...current, status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } });
  await bench.settle();
  expect(ips(bench)).toEqual(['203.0.113.1']);
  node(bench.client, 'b', internal('10.0.0.2'));
  await bench.settle();
  expect(ips(bench)).toEqual(['10.0.0.1', '10.0.0.2']);
});

test('the cleanup finalizer comes before the addresses and goes with the type or the Service', async () => {
  await using bench = await start((client) => (node(client, 'a', internal('10.0.0.1')), service(client)));
  const finalizers = (): readonly string[] => bench.client.peek(refs.services, 'shop/web')?.metadata.finalizers ?? [];
  expect([finalizers(), ips(bench)]).toEqual([['service.kubernetes.io/load-balancer-cleanup'], ['10.0.0.1']]);
  const current = bench.client.peek(refs.services, 'shop/web');
  if (current === undefined) throw new Error('the Service is gone');
  await bench.client.resource(refs.services).update({ ...current, spec: { ...current.spec, type: 'ClusterIP' } });
  await bench.settle();
  expect(finalizers()).toEqual([]);
  await bench.client.resource(refs.services).update({ ...(bench.client.peek(refs.services, 'shop/web') ?? current), spec: current.spec });
  await bench.settle();
  expect(finalizers()).toHaveLength(1);
  await bench.client.resource(refs.services).delete('shop', 'web');
  await bench.settle();
  expect(bench.client.peek(refs.services, 'shop/web')).toBeUndefined();
});

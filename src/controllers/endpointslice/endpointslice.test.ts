import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../../api/errors.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { endpointsController } from '../endpoints/index.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { endpointSliceController } from './index.ts';

const both = [endpointSliceController, endpointsController];
const service = (client: FakeClient, spec: object = {}): void =>
  void client.seed(refs.services, {
    metadata: { name: 'web', namespace: 'shop', uid: 'svc', labels: { team: 'a' } },
    spec: {
      selector: { app: 'web' },
      clusterIP: '10.43.0.9',
      ipFamilies: ['IPv4', 'IPv6'],
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      ...spec,
    },
  });
const pod = (client: FakeClient, at: number, ready = true, port = 8080): void =>
  void client.seed(refs.pods, {
    metadata: { name: `web-${String(at)}`, namespace: 'shop', uid: `pod-${String(at)}`, labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }] },
    status: {
      phase: 'Running',
      podIP: `10.42.0.${String(at)}`,
      podIPs: [{ ip: `10.42.0.${String(at)}` }, { ip: `fd42::${String(at)}` }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  });
const node = (client: FakeClient): void =>
  void client.seed(refs.nodes, { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z' } }, spec: {}, status: {} });
const slices = (bench: Bench) => bench.client.all(refs.endpointSlices).sort((a, b) => (a.addressType < b.addressType ? -1 : 1));

describe('endpoint slices and endpoints', () => {
  test('one slice a family, with labels, ports and conditions', async () => {
    await using bench = await startBench(both, {
      seed: (client) => {
        node(client);
        service(client);
        pod(client, 1);
        pod(client, 2, false);
      },
    });
    expect(slices(bench)).toMatchObject([
      {
        addressType: 'IPv4',
        metadata: {
          name: expect.stringMatching(/^web-/),
          labels: {
            team: 'a',
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'svc', controller: true, blockOwnerDeletion: true }],
        },
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: [
          {
            addresses: ['10.42.0.1'],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: 'n1',
            zone: 'z',
            targetRef: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'pod-1' },
          },
          { addresses: ['10.42.0.2'], conditions: { ready: false, serving: false, terminating: false } },
        ],
      },
      { addressType: 'IPv6', endpoints: [{ addresses: ['fd42::1'] }, { addresses: ['fd42::2'] }] },
    ]);
    expect(bench.client.peek(refs.endpoints, 'shop/web')).toMatchObject({
      metadata: { labels: { team: 'a', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
      subsets: [
        {
          addresses: [{ ip: '10.42.0.1', nodeName: 'n1' }],
          notReadyAddresses: [{ ip: '10.42.0.2' }],
          ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        },
      ],
    });
  });

  test('a terminating pod serves on but is not ready; a pod that ended is out', async () => {
    await using bench = await startBench(both, {
      seed: (client) => {
        node(client);
        service(client, { ipFamilies: ['IPv4'] });
        pod(client, 1);
        pod(client, 2);
      },
    });
    await bench.client.resource(refs.pods).delete('shop', 'web-1');
    const second = bench.client.peek(refs.pods, 'shop/web-2');
    if (second !== undefined)
      await bench.client.resource(refs.pods).updateStatus({ ...second, status: { ...second.status, phase: 'Succeeded' } });
    await bench.settle();
    expect(slices(bench)[0]?.endpoints).toMatchObject([
      { addresses: ['10.42.0.1'], conditions: { ready: false, serving: true, terminating: true } },
    ]);
    expect(bench.client.peek(refs.endpoints, 'shop/web')).not.toHaveProperty('subsets');
  });

  test('no pods: an empty slice a family stays, and is filled later', async () => {
    await using bench = await startBench(both, {
      seed: (client) => {
        node(client);
        service(client);
      },
    });
    expect(slices(bench).map(({ endpoints, ports }) => [endpoints, ports])).toEqual([
      [[], []],
      [[], []],
    ]);
    pod(bench.client, 1);
    await bench.settle();
    expect(slices(bench)).toHaveLength(2);
    expect(slices(bench)[0]?.endpoints).toHaveLength(1);
  });

  test('100 endpoints a slice; a change writes only the slice it is in', async () => {
    await using bench = await startBench([endpointSliceController], {
      seed: (client) => {
        node(client);
        service(client, { ipFamilies: ['IPv4'] });
        for (let at = 1; at <= 250; at += 1) pod(client, at);
      },
    });
    expect(slices(bench).map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 50]);
    const writes = bench.client.actions.length;
    pod(bench.client, 7, false);
    await bench.settle();
    expect(bench.client.actions.slice(writes)).toMatchObject([{ verb: 'update', resource: 'endpointslices' }]);
  });

  test('publishNotReadyAddresses and headless', async () => {
    await using bench = await startBench(both, {
      seed: (client) => {
        node(client);
        service(client, { clusterIP: 'None', ipFamilies: ['IPv4'], publishNotReadyAddresses: true });
        pod(client, 1, false);
      },
    });
    expect(slices(bench)[0]).toMatchObject({
      metadata: { labels: { 'service.kubernetes.io/headless': '' } },
      endpoints: [{ conditions: { ready: true, serving: false } }],
    });
    expect(bench.client.peek(refs.endpoints, 'shop/web')?.subsets).toMatchObject([{ addresses: [{ ip: '10.42.0.1' }] }]);
  });

  test('pods with different ports behind one name get slices of their own', async () => {
    await using bench = await startBench([endpointSliceController], {
      seed: (client) => {
        node(client);
        service(client, { ipFamilies: ['IPv4'] });
        pod(client, 1, true, 8080);
        pod(client, 2, true, 9090);
      },
    });
    expect(
      slices(bench)
        .map(({ ports }) => ports?.[0]?.port)
        .sort(),
    ).toEqual([8080, 9090]);
  });

  test('a change of what does not matter writes nothing', async () => {
    await using bench = await startBench(both, {
      seed: (client) => {
        node(client);
        service(client);
        pod(client, 1);
      },
    });
    const writes = bench.client.actions.length;
    await bench.client
      .resource(refs.pods)
      .patch('shop', 'web-1', { type: 'application/merge-patch+json', body: { metadata: { annotations: { a: 'b' } } } });
    await bench.settle();
    expect(bench.client.actions).toHaveLength(writes + 1);
  });

  test.each([
    ['PreferClose', { forZones: [{ name: 'z' }] }],
    ['PreferSameZone', { forZones: [{ name: 'z' }] }],
    ['PreferSameNode', { forZones: [{ name: 'z' }], forNodes: [{ name: 'n1' }] }],
  ])('trafficDistribution %s: hints for ready endpoints, gone with the field', async (trafficDistribution, hints) => {
    await using bench = await startBench([endpointSliceController], {
      seed: (client) => {
        node(client);
        service(client, { ipFamilies: ['IPv4'], trafficDistribution });
        pod(client, 1);
        pod(client, 2, false);
      },
    });
    expect(slices(bench)[0]?.endpoints?.map((endpoint) => endpoint.hints)).toEqual([hints, undefined]);
    service(bench.client, { ipFamilies: ['IPv4'] });
    await bench.settle();
    expect(slices(bench)[0]?.endpoints?.map((endpoint) => endpoint.hints)).toEqual([undefined, undefined]);
  });

  test('topology-mode Auto shares endpoints out among zones, tells so, and says why it does not', async () => {
    const annotated = (client: FakeClient): void =>
      void client.seed(refs.services, {
        metadata: { name: 'web', namespace: 'shop', uid: 'svc', annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
        spec: { selector: { app: 'web' }, clusterIP: '10.43.0.9', ipFamilies: ['IPv4'], ports: [{ port: 80, protocol: 'TCP' }] },
      });
    const zoned = (client: FakeClient, name: string, zone: string): void =>
      void client.seed(refs.nodes, {
        metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
        spec: {},
        status: { allocatable: { cpu: '2' }, conditions: [{ type: 'Ready', status: 'True' }] },
      });
    await using bench = await startBench([endpointSliceController], {
      seed: (client) => {
        annotated(client);
        zoned(client, 'n1', 'z');
        for (const at of [1, 2, 3, 4]) pod(client, at);
      },
    });
    expect(slices(bench)[0]?.endpoints?.some((endpoint) => endpoint.hints !== undefined)).toBe(false);
    expect(bench.client.all(refs.events).map(({ reason }) => reason)).toEqual(['TopologyAwareHintsDisabled']);
    zoned(bench.client, 'n2', 'y');
    await bench.settle();
    annotated(bench.client);
    await bench.settle();
    const zones = slices(bench)[0]?.endpoints?.map((endpoint) => endpoint.hints?.forZones?.[0]?.name);
    expect(zones?.sort()).toEqual(['y', 'y', 'z', 'z']);
    expect(bench.client.all(refs.events).map(({ reason }) => reason)).toContain('TopologyAwareHintsEnabled');
  });

  test('the slice without endpoints becomes the first one with some, and keeps its name', async () => {
    await using bench = await startBench([endpointSliceController], {
      seed: (client) => {
        node(client);
        service(client, { ipFamilies: ['IPv4'] });
      },
    });
    const [before] = slices(bench);
    pod(bench.client, 1);
    await bench.settle();
    expect(slices(bench)).toMatchObject([{ metadata: { name: before?.metadata.name }, endpoints: [{ addresses: ['10.42.0.1'] }] }]);
  });

  test('what is written says when the change happened', async () => {
    const stamped = (client: FakeClient, time: string): void =>
      void client.seed(refs.pods, {
        metadata: { name: 'web-1', namespace: 'shop', uid: 'pod-1', labels: { app: 'web' } },
        spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] }] },
        status: {
          podIPs: [{ ip: '10.42.0.1' }],
          conditions: [{ type: 'Ready', status: time.endsWith('7Z') ? 'False' : 'True', lastTransitionTime: time }],
        },
      });
    await using bench = await startBench(both, {
      seed: (client) => {
        node(client);
        service(client, { ipFamilies: ['IPv4'] });
        stamped(client, '2026-01-01T00:00:05Z');
      },
    });
    stamped(bench.client, '2026-01-01T00:00:07Z');
    await bench.settle();
    const annotation = { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:07Z' };
    expect(slices(bench)[0]?.metadata.annotations).toEqual(annotation);
    expect(bench.client.peek(refs.endpoints, 'shop/web')?.metadata.annotations).toEqual(annotation);
  });

  test('nothing that is empty is written, as Go leaves it out', async () => {
    await using bench = await startBench(both, { seed: (client) => (node(client), service(client), pod(client, 1)) });
    // The second pod says no time, so there is none to tell any more.
    pod(bench.client, 2);
    await bench.settle();
    const written = [bench.client.peek(refs.endpoints, 'shop/web'), ...slices(bench)];
    expect(written).toHaveLength(3);
    for (const object of written) expect(object?.metadata).not.toHaveProperty('annotations');
  });

  test('what cannot be written is told at the Service and at the Endpoints', async () => {
    await using bench = await startBench(both);
    const refused = new ApiError('Forbidden', 'not you');
    bench.client.fail = ({ verb, resource }) => (verb === 'create' && resource.startsWith('endpoint') ? refused : undefined);
    service(bench.client);
    await bench.settle();
    const told = bench.client
      .all(refs.events)
      .map(({ involvedObject, reason = '', message = '' }) => [involvedObject.kind, reason, message]);
    expect(told).toContainEqual([
      'Service',
      'FailedToUpdateEndpointSlices',
      'Error updating Endpoint Slices for Service shop/web: failed to create EndpointSlice for Service shop/web: not you',
    ]);
    expect(told).toContainEqual(['Endpoints', 'FailedToCreateEndpoint', 'Failed to create endpoint for service shop/web: not you']);
  });
});

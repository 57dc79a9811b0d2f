import { describe, expect, test } from '@jest/globals';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { endpointSliceMirroringController } from './index.ts';

const service = (client: FakeClient, spec: object = {}): void =>
  void client.seed(refs.services, { metadata: { name: 'db', namespace: 'shop', uid: 'svc' }, spec });
const endpoints = (client: FakeClient, metadata: object = {}, subsets: object[] = [one]): void =>
  void client.seed(refs.endpoints, { metadata: { name: 'db', namespace: 'shop', uid: 'ep', ...metadata }, subsets });
const one = {
  addresses: [{ ip: '10.1.2.3', nodeName: 'n1' }, { ip: 'fd00::3' }],
  notReadyAddresses: [{ ip: '10.1.2.4' }],
  ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
};
const slices = (bench: Bench) => bench.client.all(refs.endpointSlices).sort((a, b) => (a.addressType < b.addressType ? -1 : 1));
const start = (seed: (client: FakeClient) => void): Promise<Bench> => startBench([endpointSliceMirroringController], { seed });

describe('mirrored endpoints', () => {
  test('one slice a family, with the labels and annotations of the Endpoints', async () => {
    await using bench = await start((client) => {
      service(client);
      endpoints(client, { labels: { team: 'a' }, annotations: { note: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } });
    });
    expect(slices(bench)).toMatchObject([
      {
        addressType: 'IPv4',
        metadata: {
          labels: {
            team: 'a',
            'kubernetes.io/service-name': 'db',
            'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
          },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'db', uid: 'ep', controller: true }],
        },
        ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
        endpoints: [
          { addresses: ['10.1.2.3'], conditions: { ready: true }, nodeName: 'n1' },
          { addresses: ['10.1.2.4'], conditions: { ready: false } },
        ],
      },
      { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::3'], conditions: { ready: true } }] },
    ]);
    expect(slices(bench)[0]?.metadata.annotations).toEqual({ note: 'x' });
  });

  test('other ports fill the slice that is there, and gone Endpoints take it along', async () => {
    await using bench = await start((client) => {
      service(client);
      endpoints(client, {}, [{ ...one, addresses: [], ports: [{ port: 1 }] }]);
    });
    const [before] = slices(bench);
    endpoints(bench.client, {}, [{ ...one, addresses: [], ports: [{ port: 2 }] }]);
    await bench.settle();
    expect(slices(bench)).toMatchObject([{ metadata: { name: before?.metadata.name }, ports: [{ port: 2 }] }]);
    bench.client.remove(refs.endpoints as never, 'shop/db');
    await bench.settle();
    expect(slices(bench)).toEqual([]);
  });

  test('nothing is written when the slices say the same already', async () => {
    await using bench = await start((client) => {
      service(client);
      endpoints(client);
    });
    const writes = bench.client.actions.length;
    service(bench.client, { type: 'ClusterIP' });
    await bench.settle();
    expect(bench.client.actions.length).toBe(writes);
  });

  test.each([
    ['the Service has a selector', (client: FakeClient) => (service(client, { selector: { app: 'db' } }), endpoints(client))],
    ['there is no Service', (client: FakeClient) => endpoints(client)],
    [
      'they say so',
      (client: FakeClient) => (service(client), endpoints(client, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } })),
    ],
  ])('none when %s', async (_, seed) => {
    await using bench = await start(seed);
    expect(slices(bench)).toEqual([]);
  });

  test('addresses that are none and those past the thousandth are left out and told of', async () => {
    const addresses = Array.from({ length: 1001 }, (_, at) => ({ ip: `10.2.${String(at >> 8)}.${String(at & 255)}` }));
    await using bench = await start((client) => {
      service(client);
      endpoints(client, {}, [{ addresses: [{ ip: 'no-address' }, ...addresses], ports: [{ port: 1 }] }]);
    });
    expect(slices(bench)[0]?.endpoints).toHaveLength(1000);
    expect(bench.client.all(refs.events).map(({ reason }) => reason)).toEqual(['InvalidIPAddress', 'TooManyAddressesToMirror']);
  });
});

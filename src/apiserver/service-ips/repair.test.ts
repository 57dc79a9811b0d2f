import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { IPAddress } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { createInformers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import { settle } from '../../client/testing/until.ts';
import { systemUser } from '../../registry/context.ts';
import { makeServiceCIDR, testRegistry } from '../../resources/testing/deps.ts';
import { inProcessClient } from '../in-process.ts';
import { startServiceIPRepair } from './repair.ts';

let lifecycle: Lifecycle;
let clock: FakeClock;
let client: Client;
let registry: Awaited<ReturnType<typeof testRegistry>>;

beforeEach(async () => {
  lifecycle = new Lifecycle();
  clock = new FakeClock();
  registry = lifecycle.add(await testRegistry(clock));
  client = inProcessClient(registry, systemUser('apiserver'), { fieldManager: 'kube-apiserver' });
});
afterEach(() => lifecycle.stop());

async function start(): Promise<void> {
  const informers = lifecycle.add(createInformers({ client, clock, logger: silentLogger }));
  lifecycle.add(startServiceIPRepair({ client, informers, clock, logger: silentLogger }));
  await settle(40);
}

async function serve(name: string, clusterIP: string): Promise<void> {
  const spec = { type: 'ClusterIP', clusterIP, ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] };
  await client.resource(refs.services).create('default', { metadata: { name }, spec });
}

const labels = { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };
const addresses = (): ReturnType<typeof client.resource<IPAddress>> => client.resource(refs.ipAddresses);
async function address(name: string, parentRef: IPAddress['spec']['parentRef'], own: Record<string, string> = labels): Promise<void> {
  await addresses().create('', { metadata: { name, labels: own }, spec: { parentRef } });
  await settle(40);
}
const of = (name: string): IPAddress['spec']['parentRef'] => ({ resource: 'services', namespace: 'default', name });
const names = async (): Promise<string[]> => (await addresses().list()).items.map(({ metadata }) => metadata.name);
const events = async (): Promise<string[]> =>
  (await client.resource(refs.events).list()).items.map(
    ({ reason, message, action }) => `${reason ?? ''} ${action ?? ''}: ${message ?? ''}`,
  );

describe('a Service without its IPAddress', () => {
  test('as older versions left it gets one when the server starts', async () => {
    await serve('a', '10.43.0.5');
    await addresses().delete('', '10.43.0.5');
    await start();
    expect((await addresses().get('', '10.43.0.5')).spec.parentRef).toEqual(of('a'));
    expect(await events()).toEqual(['ClusterIPNotAllocated ClusterIPAllocation: Cluster IP [IPv4]: 10.43.0.5 is not allocated; repairing']);
  });

  test('gets it again, with its labels', async () => {
    await start();
    await serve('a', '10.43.0.5');
    await settle(40);
    await addresses().delete('', '10.43.0.5');
    await settle(40);
    expect(await names()).toEqual(['10.43.0.5']);
    await addresses().patch('', '10.43.0.5', { type: 'application/merge-patch+json', body: { metadata: { labels: null } } });
    await settle(40);
    expect((await addresses().get('', '10.43.0.5')).metadata.labels).toEqual(labels);
  });

  test('takes the place of one that refers to something else', async () => {
    await serve('a', '10.43.0.5');
    await addresses().delete('', '10.43.0.5');
    await address('10.43.0.5', { resource: 'gateways', name: 'x' }, {});
    await start();
    expect((await addresses().get('', '10.43.0.5')).spec.parentRef).toEqual(of('a'));
  });

  test('beyond every range is told of, and again later', async () => {
    await makeServiceCIDR(registry, ['10.99.0.0/24'], 'more');
    await serve('a', '10.99.0.5');
    await client.resource(refs.serviceCIDRs).delete('', 'more');
    await start();
    const text = 'Cluster IP [IPv4]: 10.99.0.5 is not within any configured Service CIDR; please recreate service';
    expect(await events()).toEqual([`ClusterIPOutOfRange ClusterIPAllocation: ${text}`]);
    await clock.advance(180_000);
    await settle(40);
    expect((await client.resource(refs.events).list()).items[0]?.series?.count).toBe(2);
  });
});

describe('an IPAddress without its Service', () => {
  test('stays for the minute that a request may take, then it goes', async () => {
    await start();
    await address('10.43.0.5', of('none'));
    await clock.advance(59_000);
    await settle(40);
    expect(await names()).toEqual(['10.43.0.5']);
    await clock.advance(2000);
    await settle(40);
    expect(await names()).toEqual([]);
    expect(await events()).toEqual([
      'IPAddressNotAllocated IPAddressAllocation: IPAddress: 10.43.0.5 for Service default/none appears to have leaked: cleaning up',
    ]);
  });

  test('whose Service has other addresses goes after what a failing write may take', async () => {
    await serve('a', '10.43.0.5');
    await clock.advance(2000);
    await start();
    await address('10.43.0.6', of('a'));
    expect(await names()).toEqual(['10.43.0.5', '10.43.0.6']);
    await clock.advance(5000);
    await settle(40);
    expect(await names()).toEqual(['10.43.0.5']);
    expect(await events()).toEqual([
      'IPAddressWrongReference IPAddressAllocation: IPAddress: 10.43.0.6 for Service default/a has a wrong reference; cleaning up',
    ]);
  });

  test('that the allocator cannot have made goes at once; one of somebody else stays', async () => {
    await start();
    await address('10.43.0.6', { resource: 'gateways', name: 'x' });
    await address('10.43.0.7', { resource: 'gateways', name: 'x' }, {});
    expect(await names()).toEqual(['10.43.0.7']);
  });
});

test('nothing is told and nothing written while Services come, change and go', async () => {
  await start();
  await serve('a', '10.43.0.5');
  await settle(40);
  await client.resource(refs.services).patch('default', 'a', {
    type: 'application/merge-patch+json',
    body: { spec: { type: 'ExternalName', externalName: 'b.c', clusterIP: null, clusterIPs: null, ports: null } },
  });
  await clock.advance(70_000);
  await settle(40);
  await client.resource(refs.services).delete('default', 'a');
  await clock.advance(600_000);
  await settle(40);
  expect([await names(), await events()]).toEqual([[], []]);
});

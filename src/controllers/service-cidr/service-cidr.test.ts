import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ServiceCIDR } from '../../api/generated/types.ts';
import { inProcessClient } from '../../apiserver/in-process.ts';
import { FakeClock } from '../../base/clock.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import { settle } from '../../client/testing/until.ts';
import { systemUser } from '../../registry/context.ts';
import { makeServiceCIDR, testRegistry } from '../../resources/testing/deps.ts';
import { startThese } from '../start.ts';
import { serviceCIDRController } from './index.ts';

const settings = { clusterCIDRs: [], serviceCIDRs: [], rootCA: undefined };
let lifecycle: Lifecycle;
let clock: FakeClock;
let client: Client;
let registry: Awaited<ReturnType<typeof testRegistry>>;

beforeEach(async () => {
  lifecycle = new Lifecycle();
  clock = new FakeClock();
  registry = lifecycle.add(await testRegistry(clock));
  client = inProcessClient(registry, systemUser('kube-controller-manager'), { fieldManager: 'kube-controller-manager' });
  lifecycle.add(startThese({ ...settings, client, clock, logger: silentLogger, controllers: [serviceCIDRController] }));
  await settle();
});
afterEach(() => lifecycle.stop());

const cidrs = (): Promise<readonly ServiceCIDR[]> =>
  client
    .resource(refs.serviceCIDRs)
    .list()
    .then(({ items }) => items);
const find = async (name: string): Promise<ServiceCIDR | undefined> => (await cidrs()).find(({ metadata }) => metadata.name === name);
const ready = async (name: string): Promise<unknown> => (await find(name))?.status.conditions?.[0];

async function make(name: string, ...ranges: string[]): Promise<void> {
  await makeServiceCIDR(registry, ranges, name);
  await settle();
}

async function remove(name: string): Promise<void> {
  await client.resource(refs.serviceCIDRs).delete('', name);
  await settle();
}

async function serve(name: string, clusterIP: string): Promise<void> {
  const spec = { type: 'ClusterIP', clusterIP, ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] };
  await client.resource(refs.services).create('default', { metadata: { name }, spec });
  await settle();
}

test('a new one is said to be ready and is held', async () => {
  await make('more', '10.99.0.0/24');
  expect((await find('more'))?.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer']);
  expect(await ready('more')).toEqual({
    ...{ type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' },
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
});

test('one that nobody uses goes ten seconds after it was deleted', async () => {
  await make('more', '10.99.0.0/24');
  await remove('more');
  await clock.advance(9000);
  await settle();
  expect(await find('more')).toBeDefined();
  await clock.advance(1000);
  await settle();
  expect(await find('more')).toBeUndefined();
});

test('one with a Service stays until that has gone', async () => {
  await make('more', '10.99.0.0/24');
  await serve('a', '10.99.0.5');
  await remove('more');
  await clock.advance(60_000);
  await settle();
  expect(await ready('more')).toMatchObject({
    ...{ status: 'False', reason: 'Terminating' },
    message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
  });
  await client.resource(refs.services).delete('default', 'a');
  await settle();
  expect(await find('more')).toBeUndefined();
});

test('one with a Service goes when another has its addresses', async () => {
  await make('more', '10.99.0.0/24');
  await serve('a', '10.99.0.5');
  await remove('more');
  await clock.advance(60_000);
  await settle();
  expect(await find('more')).toBeDefined();
  await make('parent', '10.99.0.0/16');
  expect(await find('more')).toBeUndefined();
  expect((await find('parent'))?.metadata.deletionTimestamp).toBeUndefined();
});

test('an address of somebody else holds nothing', async () => {
  await make('more', '10.99.0.0/24');
  const spec = { parentRef: { resource: 'gateways', name: 'x' } };
  await client.resource(refs.ipAddresses).create('', { metadata: { name: '10.99.0.5' }, spec });
  await remove('more');
  await clock.advance(10_000);
  await settle();
  expect(await find('more')).toBeUndefined();
});

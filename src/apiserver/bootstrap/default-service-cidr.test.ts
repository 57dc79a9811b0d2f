import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ServiceCIDR } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { startInformer } from '../../client/informer.ts';
import { refs } from '../../client/refs.ts';
import { settle } from '../../client/testing/until.ts';
import { systemUser } from '../../registry/context.ts';
import { testRegistry } from '../../resources/testing/deps.ts';
import { inProcessClient } from '../in-process.ts';
import { DefaultServiceCIDR } from './default-service-cidr.ts';

let lifecycle: Lifecycle;
let client: Client;
let events: string[];
const clock = new FakeClock();

beforeEach(async () => {
  lifecycle = new Lifecycle();
  events = [];
  client = inProcessClient(lifecycle.add(await testRegistry(clock)), systemUser('apiserver'), { fieldManager: 'kube-apiserver' });
  await client.resource(refs.serviceCIDRs).delete('', 'kubernetes');
});
afterEach(() => lifecycle.stop());

const withFlags = (...cidrs: string[]): DefaultServiceCIDR =>
  new DefaultServiceCIDR({
    ...{ client, cidrs, clock, logger: silentLogger },
    recorder: { event: (_about, type, reason, message) => void events.push(`${type} ${reason}: ${message}`) },
  });
const get = (): Promise<ServiceCIDR> => client.resource(refs.serviceCIDRs).get('', 'kubernetes');
const setReady = async (status: string): Promise<void> => {
  const condition = { type: 'Ready', status, reason: 'Why', message: 'because', lastTransitionTime: '2026-01-01T00:00:00Z' };
  await client.resource(refs.serviceCIDRs).updateStatus({ ...structuredClone(await get()), status: { conditions: [condition] } });
};

test('is made of the flag and ready at once', async () => {
  await withFlags('10.43.0.0/16', 'fd43::/112').sync();
  const { spec, status, metadata } = await get();
  expect(spec).toEqual({ cidrs: ['10.43.0.0/16', 'fd43::/112'] });
  expect(status.conditions).toEqual([
    {
      ...{ type: 'Ready', status: 'True', reason: '', message: 'Kubernetes default Service CIDR is ready' },
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ]);
  expect(metadata.managedFields).toContainEqual(
    expect.objectContaining({ manager: 'kubernetes-service-cidr-controller', operation: 'Apply', subresource: 'status' }),
  );
  const { resourceVersion } = metadata;
  await withFlags('10.43.0.0/16', 'fd43::/112').sync();
  expect((await get()).metadata.resourceVersion).toBe(resourceVersion);
});

test('gets a second family', async () => {
  await withFlags('10.43.0.0/16').sync();
  await withFlags('10.43.0.0/16', 'fd43::/112').sync();
  expect((await get()).spec.cidrs).toEqual(['10.43.0.0/16', 'fd43::/112']);
  expect(events).toEqual([]);
});

test('stays as it is when the flag says something else, and that is told once', async () => {
  await withFlags('10.43.0.0/16', 'fd43::/112').sync();
  const other = withFlags('10.99.0.0/16');
  await other.sync();
  await other.sync();
  expect((await get()).spec.cidrs).toEqual(['10.43.0.0/16', 'fd43::/112']);
  expect(events).toEqual([
    'Warning KubernetesDefaultServiceCIDRInconsistent: The default ServiceCIDR [10.43.0.0/16 fd43::/112] does not match the controller flag configurations [10.99.0.0/16]',
  ]);
});

test('what somebody says of its state stands; what nobody knows is said to be ready', async () => {
  const controller = withFlags('10.43.0.0/16');
  await controller.sync();
  await setReady('False');
  await controller.sync();
  expect((await get()).status.conditions?.[0]?.status).toBe('False');
  expect(events).toEqual(['Warning Why: Configuration matches, but because']);
  await setReady('Unknown');
  await controller.sync();
  expect((await get()).status.conditions?.[0]?.status).toBe('True');
});

test('comes again when it is deleted', async () => {
  const controller = withFlags('10.43.0.0/16');
  await controller.sync();
  lifecycle.add(controller.follow(lifecycle.add(startInformer(refs.serviceCIDRs, { client, clock, logger: silentLogger }))));
  await settle();
  const { uid } = (await get()).metadata;
  await client.resource(refs.serviceCIDRs).delete('', 'kubernetes');
  await settle();
  expect((await get()).metadata.uid).not.toBe(uid);
});

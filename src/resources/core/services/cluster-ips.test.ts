/** IPAddress objects beside their Services, in the engine. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { IPAddress, Service } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import { FakeClock } from '../../../base/clock.ts';
import type { RequestContext } from '../../../registry/context.ts';
import type { ResourceStore } from '../../../registry/store.ts';
import { admin, makeServiceCIDR, testRegistry } from '../../testing/deps.ts';

type Spec = Partial<Service['spec']>;
const network = 'networking.k8s.io';
let registry: Awaited<ReturnType<typeof testRegistry>>;
let services: ResourceStore;
let addresses: ResourceStore;
let cidrs: ResourceStore;

beforeEach(async () => {
  registry = await testRegistry(new FakeClock());
  services = registry.lookup('', 'v1', 'services') as ResourceStore;
  addresses = registry.lookup(network, 'v1', 'ipaddresses') as ResourceStore;
  cidrs = registry.lookup(network, 'v1', 'servicecidrs') as ResourceStore;
});
afterEach(() => registry.stop());

const names = async (): Promise<string[]> => (await addresses.list({ namespace: '' })).entries.map(({ name }) => name);

async function create(name: string, spec: Spec = {}, context: RequestContext = admin): Promise<Service['spec']> {
  const object = { metadata: { name }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }], ...spec } } as unknown as KubeObject;
  return ((await services.create('default', object, context)).object as unknown as Service).spec;
}

async function change(name: string, edit: (service: Service) => void, context: RequestContext = admin): Promise<Service['spec']> {
  const update = (current: KubeObject | undefined): KubeObject => {
    const service = cloneJson(current) as unknown as Service;
    edit(service);
    return service;
  };
  const { entry } = await services.update({ name, namespace: 'default', subresource: '', update, retryOnConflict: false }, context);
  return (entry.object as unknown as Service).spec;
}

describe('an IPAddress', () => {
  test('comes and goes with the Service, in both families', async () => {
    const { clusterIPs = [] } = await create('a', { ipFamilyPolicy: 'RequireDualStack' });
    expect((await names()).sort()).toEqual([...clusterIPs].sort());
    const six = (await addresses.get('', clusterIPs[1] ?? '')).object as unknown as IPAddress;
    expect(six.metadata.labels).toEqual({
      'ipaddress.kubernetes.io/ip-family': 'IPv6',
      'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
    });
    expect(six.spec).toEqual({ parentRef: { resource: 'services', namespace: 'default', name: 'a' } });
    expect(six.metadata.managedFields?.[0]).toMatchObject({ manager: 'kube-apiserver', operation: 'Update' });
    await services.delete('default', 'a', {}, admin);
    expect(await names()).toEqual([]);
  });

  test('is not made by a dry run, which answers with the network’s address and looks at no other', async () => {
    const dry = { ...admin, dryRun: true };
    expect((await create('a', { ipFamilyPolicy: 'PreferDualStack' }, dry)).clusterIPs).toEqual(['10.43.0.0', 'fd43::']);
    await create('b', { clusterIP: '10.43.0.5' });
    expect((await create('a', { clusterIP: '10.43.0.5' }, dry)).clusterIP).toBe('10.43.0.5');
    await expect(create('a', { clusterIP: '10.99.0.5' }, dry)).rejects.toThrow(
      'the provided IP (10.99.0.5) is not in the valid range. The range of valid IPs is 10.43.0.0/24',
    );
    await services.delete('default', 'b', {}, dry);
    expect(await names()).toEqual(['10.43.0.5']);
  });

  test('does not stay after a write that fails: by its name, by validation, by the other family', async () => {
    await create('a', { clusterIP: '10.43.0.5' });
    await expect(create('a')).rejects.toThrow('already exists');
    await expect(create('b', { ports: [{ port: 0 }] })).rejects.toThrow('spec.ports[0].port');
    await create('six', { clusterIP: 'fd43::5', ipFamilies: ['IPv6'] });
    await expect(
      create('b', { clusterIP: '10.43.0.6', clusterIPs: ['10.43.0.6', 'fd43::5'], ipFamilyPolicy: 'RequireDualStack' }),
    ).rejects.toThrow('failed to allocate IP fd43::5: provided IP is already allocated');
    await expect(
      change('a', ({ spec }) => Object.assign(spec, { ipFamilyPolicy: 'PreferDualStack', sessionAffinity: 'x' })),
    ).rejects.toThrow('sessionAffinity');
    expect(await names()).toEqual(['10.43.0.5', 'fd43::5']);
  });

  test('of somebody else keeps its address from being given', async () => {
    const object = { metadata: { name: '10.43.0.5' }, spec: { parentRef: { resource: 'gateways', name: 'x' } } };
    await addresses.create('', object as unknown as KubeObject, admin);
    await expect(create('a', { clusterIP: '10.43.0.5' })).rejects.toThrow('provided IP is already allocated');
  });

  test('of a Service that becomes an ExternalName goes, and comes again on the way back', async () => {
    await create('a', { clusterIP: '10.43.0.5' });
    await change('a', ({ spec }) => Object.assign(spec, { type: 'ExternalName', externalName: 'b.c' }));
    expect(await names()).toEqual([]);
    const { clusterIP } = await change('a', ({ spec }) => void (spec.type = 'ClusterIP'));
    expect(await names()).toEqual([clusterIP]);
  });

  test('is not made for a headless Service', async () => {
    await create('a', { clusterIP: 'None' });
    expect(await names()).toEqual([]);
  });

  test('goes when an update takes the last finalizer', async () => {
    await create('a', { clusterIP: '10.43.0.5' });
    await change('a', ({ metadata }) => void (metadata.finalizers = ['x.y/z']));
    await services.delete('default', 'a', {}, admin);
    expect(await names()).toEqual(['10.43.0.5']);
    await change('a', ({ metadata }) => void delete metadata.finalizers);
    expect(await names()).toEqual([]);
  });
});

describe('ServiceCIDRs', () => {
  const condition = (status: string): object => ({
    type: 'Ready',
    status,
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: '',
    message: '',
  });
  const setStatus = (name: string, status: string): Promise<unknown> =>
    cidrs.update(
      {
        ...{ name, namespace: '', subresource: 'status', retryOnConflict: false },
        update: (current) => ({ ...(cloneJson(current) as KubeObject), status: { conditions: [condition(status)] } }),
      },
      admin,
    );

  test('another one offers addresses as long as it is ready', async () => {
    await expect(create('a', { clusterIP: '10.99.0.5' })).rejects.toThrow('the provided network does not match the current range');
    await makeServiceCIDR(registry, ['10.99.0.0/28'], 'more');
    expect((await create('a', { clusterIP: '10.99.0.5' })).clusterIP).toBe('10.99.0.5');
    await setStatus('more', 'False');
    await expect(create('b', { clusterIP: '10.99.0.6' })).rejects.toThrow('the provided network does not match the current range');
    await setStatus('more', 'True');
    expect((await create('b', { clusterIP: '10.99.0.6' })).clusterIP).toBe('10.99.0.6');
    await cidrs.delete('', 'more', {}, admin);
    await expect(create('c', { clusterIP: '10.99.0.7' })).rejects.toThrow('the provided network does not match the current range');
  });

  test('when one is full the next is asked; when all are, that is an error of the server', async () => {
    await cidrs.delete('', 'kubernetes', {}, admin);
    await makeServiceCIDR(registry, ['10.99.0.0/30'], 'a');
    await makeServiceCIDR(registry, ['10.98.0.0/30'], 'b');
    for (const name of ['a', 'b', 'c', 'd']) await create(name);
    expect((await names()).sort()).toEqual(['10.98.0.1', '10.98.0.2', '10.99.0.1', '10.99.0.2']);
    await expect(create('e')).rejects.toMatchObject({
      reason: 'InternalError',
      message: 'Internal error occurred: failed to allocate a serviceIP for Service "e": range is full',
    });
  });

  test('many at once get an address each', async () => {
    const specs = await Promise.all(Array.from({ length: 60 }, (_, at) => create(`s${String(at)}`)));
    expect(new Set(specs.map(({ clusterIP }) => clusterIP)).size).toBe(60);
    expect((await names()).length).toBe(60);
  });
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Service } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import { FakeClock } from '../../../base/clock.ts';
import type { ResourceStore } from '../../../registry/store.ts';
import { admin, testRegistry } from '../../testing/deps.ts';

type Spec = Partial<Service['spec']>;
let registry: Awaited<ReturnType<typeof testRegistry>>;
let services: ResourceStore;

beforeEach(async () => {
  registry = await testRegistry(new FakeClock());
  services = registry.lookup('', 'v1', 'services') as ResourceStore;
});
afterEach(() => registry.stop());

async function create(name: string, spec: Spec): Promise<Service['spec']> {
  const ports = [{ port: 80, protocol: 'TCP' }];
  const object = { metadata: { name }, spec: { selector: { a: 'b' }, ports, ...spec } } as unknown as KubeObject;
  return ((await services.create('default', object, admin)).object as unknown as Service).spec;
}

async function change(name: string, edit: (spec: Service['spec']) => void): Promise<Service['spec']> {
  const update = (current: KubeObject | undefined): KubeObject => {
    const service = cloneJson(current) as unknown as Service;
    edit(service.spec);
    return service;
  };
  const { entry } = await services.update({ name, namespace: 'default', subresource: '', update, retryOnConflict: false }, admin);
  return (entry.object as unknown as Service).spec;
}

describe('cluster IPs', () => {
  test('one of the primary family, from the upper band', async () => {
    const spec = await create('a', {});
    expect(spec).toMatchObject({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', clusterIPs: [spec.clusterIP] });
    const host = Number(spec.clusterIP?.split('.')[3]);
    expect(host).toBeGreaterThan(16);
    expect(host).toBeLessThan(255);
  });

  test('both families on demand, in the order asked for', async () => {
    const spec = await create('a', { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] });
    expect(spec.clusterIPs?.map((address) => address.includes(':'))).toEqual([true, false]);
  });

  test('an address is given out once and again after its Service has gone', async () => {
    await create('a', { clusterIP: '10.43.0.10' });
    await expect(create('b', { clusterIP: '10.43.0.10' })).rejects.toThrow(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.43.0.10"]: failed to allocate IP 10.43.0.10: provided IP is already allocated',
    );
    await services.delete('default', 'a', {}, admin);
    expect((await create('b', { clusterIP: '10.43.0.10' })).clusterIP).toBe('10.43.0.10');
  });

  test('an address beyond the range is refused', async () => {
    await expect(create('a', { clusterIP: '10.99.0.1' })).rejects.toThrow('the provided network does not match the current range');
    await expect(create('a', { clusterIP: '10.43.0.0' })).rejects.toThrow('the provided network does not match the current range');
  });

  test('a headless Service without selector stands for both families and takes no address', async () => {
    const spec = await create('a', { clusterIP: 'None', selector: {} });
    expect(spec).toMatchObject({ clusterIPs: ['None'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' });
  });

  test('upgrade to dual-stack keeps the first address, downgrade gives the second back', async () => {
    const before = await create('a', {});
    const both = await change('a', (spec) => void (spec.ipFamilyPolicy = 'PreferDualStack'));
    expect(both.clusterIPs).toEqual([before.clusterIP, expect.stringMatching(/^fd43::/)]);
    const after = await change('a', (spec) => void (spec.ipFamilyPolicy = 'SingleStack'));
    expect(after.clusterIPs).toEqual([before.clusterIP]);
    const second = both.clusterIPs?.[1] ?? '';
    expect((await create('b', { ipFamilies: ['IPv6'], clusterIP: second })).clusterIP).toBe(second);
  });

  test('the address does not change by an update', async () => {
    await create('a', {});
    await expect(change('a', (spec) => Object.assign(spec, { clusterIP: '10.43.0.9', clusterIPs: ['10.43.0.9'] }))).rejects.toThrow(
      'may not change once set',
    );
  });

  test('ExternalName gives it back, and back again gets a new one', async () => {
    const { clusterIP } = await create('a', { clusterIP: '10.43.0.7' });
    const external = await change('a', (spec) => Object.assign(spec, { type: 'ExternalName', externalName: 'example.com' }));
    expect(external.clusterIPs).toBeUndefined();
    expect((await create('b', { clusterIP: clusterIP ?? '' })).clusterIP).toBe(clusterIP);
    const back = await change('a', (spec) => Object.assign(spec, { type: 'ClusterIP', externalName: undefined }));
    expect(back.clusterIP).toMatch(/^10\.43\.0\./);
  });

  test('a refused write holds nothing', async () => {
    await create('a', { type: 'NodePort', ports: [{ port: 1, nodePort: 30_001 }] });
    await expect(create('b', { clusterIP: '10.43.0.5', type: 'NodePort', ports: [{ port: 1, nodePort: 30_001 }] })).rejects.toThrow(
      'provided port is already allocated',
    );
    expect((await create('c', { clusterIP: '10.43.0.5' })).clusterIP).toBe('10.43.0.5');
  });

  test('what is stored is taken over by a new process', async () => {
    await create('a', { clusterIP: '10.43.0.3' });
    expect((await services.list({ namespace: '' })).entries).toHaveLength(1);
  });
});

describe('node ports', () => {
  test('TCP and UDP of one port share one', async () => {
    const ports = [
      { name: 'a', port: 53, protocol: 'TCP' },
      { name: 'b', port: 53, protocol: 'UDP' },
      { name: 'c', port: 80, protocol: 'TCP' },
    ];
    const given = ((await create('a', { type: 'NodePort', ports })).ports ?? []).map((port) => port.nodePort);
    expect(given[0]).toBe(given[1]);
    expect(given[2]).not.toBe(given[0]);
  });

  test('come with the type and go with it', async () => {
    await create('a', {});
    const open = await change('a', (spec) => void (spec.type = 'NodePort'));
    expect(open).toMatchObject({ externalTrafficPolicy: 'Cluster', ports: [{ nodePort: expect.any(Number) }] });
    const shut = await change('a', (spec) => void (spec.type = 'ClusterIP'));
    expect(shut.ports?.[0]?.nodePort).toBeUndefined();
    expect(shut.externalTrafficPolicy).toBeUndefined();
  });

  test('of a load balancer stay when it is no longer given any', async () => {
    const before = await create('a', { type: 'LoadBalancer' });
    const after = await change('a', (spec) => void (spec.allocateLoadBalancerNodePorts = false));
    expect(after.ports?.[0]?.nodePort).toBe(before.ports?.[0]?.nodePort);
  });

  test('go with the type though one port has gone too', async () => {
    await create('a', {
      type: 'NodePort',
      ports: [
        { name: 'x', port: 80 },
        { name: 'y', port: 81 },
      ],
    });
    const shut = await change('a', (spec) => Object.assign(spec, { type: 'ClusterIP', ports: spec.ports?.slice(1) }));
    expect(shut.ports).toEqual([{ name: 'y', port: 81, protocol: 'TCP', targetPort: 81 }]);
  });

  test('asked for twice, by an update: no field is to blame', async () => {
    await create('a', {
      type: 'NodePort',
      ports: [
        { name: 'x', port: 80, nodePort: 30_080 },
        { name: 'y', port: 81 },
      ],
    });
    const twice = change('a', (spec) => spec.ports?.forEach((port) => void (port.nodePort = 30_080)));
    await expect(twice).rejects.toThrow('duplicate nodePort: {TCP 30080}');
  });

  test('stay when an update leaves them out', async () => {
    const before = await create('a', { type: 'NodePort' });
    const after = await change('a', (spec) => void delete spec.ports?.[0]?.nodePort);
    expect(after.ports?.[0]?.nodePort).toBe(before.ports?.[0]?.nodePort);
  });

  test('a local load balancer gets one for health checks', async () => {
    const spec = await create('a', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(spec.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
  });

  test('beyond the range, in a dry run: only the store of ports would mind', async () => {
    const object = { metadata: { name: 'a' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 99 }] } } as unknown as KubeObject;
    const { object: answered } = await services.create('default', object, { ...admin, dryRun: true });
    expect((answered as unknown as Service).spec.ports?.[0]?.nodePort).toBe(99);
  });

  test('beyond the range', async () => {
    await expect(create('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 99 }] })).rejects.toThrow(
      'provided port is not in the valid range. The range of valid ports is 30000-30099',
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import type { ClusterView, Lookup, ZoneOptions } from './records.ts';
import { lookup, reverseLookup } from './records.ts';
import { types } from './wire.ts';

const options: ZoneOptions = { domain: 'cluster.local', dnsIPs: ['10.43.0.10'], serial: () => 7 };

function service(name: string, spec: object): Service {
  return { metadata: { name, namespace: 'default', uid: '', resourceVersion: '1', creationTimestamp: '' }, spec, status: {} };
}

function slice(
  serviceName: string,
  endpoints: { ip: string; hostname?: string; ready?: boolean }[],
  port: number | 'none' = 8080,
): EndpointSlice {
  return {
    metadata: {
      name: serviceName,
      namespace: 'default',
      uid: '',
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    endpoints: endpoints.map(({ ip, hostname, ready }) => ({ addresses: [ip], conditions: { ready }, hostname })),
    ports: port === 'none' ? [] : [{ name: 'http', port, protocol: 'TCP' }],
  };
}

function view(services: Service[], slices: EndpointSlice[] = []): ClusterView {
  const of = (object: EndpointSlice): string | undefined => object.metadata.labels?.['kubernetes.io/service-name'];
  return {
    service: (namespace, name) => services.find((one) => one.metadata.name === name && namespace === 'default'),
    slices: (_, name) => slices.filter((one) => of(one) === name),
    hasNamespace: (name) => name === 'default',
    servicesByIP: (ip) => services.filter((one) => one.spec.clusterIPs?.includes(ip)),
    slicesByIP: (ip) => slices.filter((one) => one.endpoints?.some((endpoint) => endpoint.addresses.includes(ip))),
  };
}

const web = service('web', {
  clusterIP: '10.43.0.5',
  clusterIPs: ['10.43.0.5', 'fd43::5'],
  ports: [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ],
});
const headless = service('db', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'http', port: 80 }] });
const members = slice('db', [{ ip: '10.42.0.2', hostname: 'db-0' }, { ip: '10.42.0.3' }, { ip: '10.42.0.4', ready: false }]);

/** Readable form: `A 10.0.0.1`, `SRV 80 target`, `NXDOMAIN`. */
function ask(cluster: ClusterView, name: string, type: number = types.A): string[] {
  return show(lookup(cluster, options, { name, type }));
}

function show(found: Lookup): string[] {
  if (found.kind !== 'records') return [found.kind === 'alias' ? `alias ${found.target}` : found.kind];
  return found.answers.map(({ data }) => {
    switch (data.type) {
      case types.A:
        return `A ${data.address.join('.')}`;
      case types.AAAA:
        return `AAAA ${Buffer.from(data.address).toString('hex')}`;
      case types.SRV:
        return `SRV ${data.priority} ${data.weight} ${data.port} ${data.target}`;
      case types.TXT:
        return `TXT ${data.text}`;
      case types.SOA:
        return `SOA ${data.mname} ${data.serial}`;
      default:
        return data.target;
    }
  });
}

describe('services', () => {
  const cluster = view([web], [slice('web', [{ ip: '10.42.0.9' }])]);

  test('cluster addresses by family', () => {
    expect(ask(cluster, 'web.default.svc.cluster.local')).toEqual(['A 10.43.0.5']);
    expect(ask(cluster, 'web.default.svc.cluster.local', types.AAAA)).toEqual(['AAAA fd430000000000000000000000000005']);
    expect(ask(cluster, 'web.default.svc.cluster.local', 15)).toEqual(['nodata']);
  });

  test('SRV of one port, of all ports, of none', () => {
    expect(ask(cluster, '_http._tcp.web.default.svc.cluster.local', types.SRV)).toEqual(['SRV 0 100 80 web.default.svc.cluster.local']);
    expect(ask(cluster, 'web.default.svc.cluster.local', types.SRV)).toEqual([
      'SRV 0 50 80 web.default.svc.cluster.local',
      'SRV 0 50 53 web.default.svc.cluster.local',
    ]);
    expect(ask(cluster, '_http._udp.web.default.svc.cluster.local', types.SRV)).toEqual(['nxdomain']);
    expect(ask(cluster, '_tcp.web.default.svc.cluster.local', types.SRV)).toEqual(['nodata']);
  });

  test('an endpoint of an ordinary service has a name too', () => {
    expect(ask(cluster, '10-42-0-9.web.default.svc.cluster.local')).toEqual(['A 10.42.0.9']);
    expect(ask(cluster, '10-42-0-8.web.default.svc.cluster.local')).toEqual(['nxdomain']);
  });

  test.each([
    ['nope.default.svc.cluster.local', 'nxdomain'],
    ['web.other.svc.cluster.local', 'nxdomain'],
    ['default.svc.cluster.local', 'nodata'],
    ['other.svc.cluster.local', 'nxdomain'],
    ['svc.cluster.local', 'nodata'],
    ['cluster.local', 'nodata'],
    ['a.b.c.web.default.svc.cluster.local', 'nxdomain'],
    ['x.cluster.local', 'nxdomain'],
  ])('%s: %s', (name, expected) => {
    expect(ask(cluster, name)).toEqual([expected]);
  });

  test('an external name is an alias; an address as external name is nothing', () => {
    const external = (externalName: string): ClusterView => view([service('ext', { type: 'ExternalName', externalName })]);
    expect(ask(external('Example.com.'), 'ext.default.svc.cluster.local')).toEqual(['alias example.com']);
    expect(ask(external('10.0.0.1'), 'ext.default.svc.cluster.local')).toEqual(['nxdomain']);
  });
});

describe('headless services', () => {
  const cluster = view([headless], [members]);

  test('addresses of what is ready, each under its host name or its address', () => {
    expect(ask(cluster, 'db.default.svc.cluster.local')).toEqual(['A 10.42.0.2', 'A 10.42.0.3']);
    expect(ask(cluster, 'db-0.db.default.svc.cluster.local')).toEqual(['A 10.42.0.2']);
    expect(ask(cluster, '10-42-0-3.db.default.svc.cluster.local')).toEqual(['A 10.42.0.3']);
    expect(ask(cluster, '10-42-0-4.db.default.svc.cluster.local')).toEqual(['nxdomain']);
  });

  test('SRV leads to each endpoint’s own name and port, with the addresses beside', () => {
    const found = lookup(cluster, options, { name: '_http._tcp.db.default.svc.cluster.local', type: types.SRV });
    expect(show(found)).toEqual([
      'SRV 0 50 8080 db-0.db.default.svc.cluster.local',
      'SRV 0 50 8080 10-42-0-3.db.default.svc.cluster.local',
    ]);
    expect(found).toMatchObject({
      additionals: [{ name: 'db-0.db.default.svc.cluster.local' }, { name: '10-42-0-3.db.default.svc.cluster.local' }],
    });
  });

  test('without endpoints the name is not there; without ports the addresses are', () => {
    expect(ask(view([headless]), 'db.default.svc.cluster.local')).toEqual(['nxdomain']);
    const portless = view([headless], [slice('db', [{ ip: '10.42.0.2' }], 'none')]);
    expect(ask(portless, 'db.default.svc.cluster.local')).toEqual(['A 10.42.0.2']);
    expect(ask(portless, 'db.default.svc.cluster.local', types.SRV)).toEqual(['nodata']);
  });
});

describe('the rest of the zone', () => {
  const cluster = view([web, headless], [members]);

  test('pods by address, in an existing namespace', () => {
    expect(ask(cluster, '10-1-2-3.default.pod.cluster.local')).toEqual(['A 10.1.2.3']);
    expect(ask(cluster, 'fd42--7.default.pod.cluster.local', types.AAAA)).toEqual(['AAAA fd420000000000000000000000000007']);
    expect(ask(cluster, '10-1-2-3.default.pod.cluster.local', types.AAAA)).toEqual(['nodata']);
    for (const name of ['10-1-2-333.default.pod.cluster.local', 'x.default.pod.cluster.local', '10-1-2-3.other.pod.cluster.local'])
      expect(ask(cluster, name)).toEqual(['nxdomain']);
  });

  test('version, authority and name server', () => {
    expect(ask(cluster, 'dns-version.cluster.local', types.TXT)).toEqual(['TXT 1.1.0']);
    expect(ask(cluster, 'cluster.local', types.SOA)).toEqual(['SOA ns.dns.cluster.local 7']);
    expect(ask(cluster, 'cluster.local', types.NS)).toEqual(['ns.dns.cluster.local']);
    expect(ask(cluster, 'ns.dns.cluster.local')).toEqual(['A 10.43.0.10']);
  });

  test('addresses back to names', () => {
    const names = (ip: string): unknown[] =>
      reverseLookup(cluster, options, ip).map(({ data }) => ('target' in data ? data.target : undefined));
    expect(names('10.43.0.5')).toEqual(['web.default.svc.cluster.local']);
    expect(names('fd43::5')).toEqual(['web.default.svc.cluster.local']);
    expect(names('10.42.0.2')).toEqual(['db-0.db.default.svc.cluster.local']);
    expect(names('10.42.0.4')).toEqual([]);
  });
});

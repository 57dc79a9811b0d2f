import { describe, expect, test } from '@jest/globals';
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { isPlainAddress } from './addresses.ts';
import { keepPlaces, selectBackends } from './backends.ts';
import { conntrackArgs, presentFlows, staleFlows } from './conntrack.ts';
import { isProxied, servicePorts } from './service-ports.ts';
import type { ServiceForm, SliceForm } from './testing/objects.ts';
import { endpointSlice, service } from './testing/objects.ts';

const slice = (form: SliceForm): EndpointSlice => endpointSlice('web', form) as EndpointSlice;
const make = (form: ServiceForm): Service => service('web', form) as unknown as Service;
const query = { nodeName: 'node-1', portName: '', protocol: 'TCP' } as const;
const ports = [{ port: 8080 }];

describe('selectBackends', () => {
  const ips = (form: SliceForm): { cluster: string[]; local: string[] } => {
    const { cluster, local } = selectBackends([slice(form)], query);
    return { cluster: cluster.map(({ ip }) => ip), local: local.map(({ ip }) => ip) };
  };

  test('ready endpoints; those of this node are local', () => {
    const endpoints = [
      { ip: '10.0.0.1', nodeName: 'node-1' },
      { ip: '10.0.0.2', nodeName: 'node-2' },
      { ip: '10.0.0.3' },
      { ip: '10.0.0.4', ready: false },
    ];
    expect(ips({ endpoints, ports })).toEqual({ cluster: ['10.0.0.1', '10.0.0.2', '10.0.0.3'], local: ['10.0.0.1'] });
  });

  test('ending endpoints serve only when no ready one is left, for each policy by itself', () => {
    const ending = { ready: false, serving: true, terminating: true };
    const endpoints = [
      { ip: '10.0.0.1', nodeName: 'node-1', ...ending },
      { ip: '10.0.0.2', nodeName: 'node-2' },
      { ip: '10.0.0.3', nodeName: 'node-1', ready: false, serving: false, terminating: true },
    ];
    expect(ips({ endpoints, ports })).toEqual({ cluster: ['10.0.0.2'], local: ['10.0.0.1'] });
    expect(ips({ endpoints: endpoints.slice(0, 1), ports }).cluster).toEqual(['10.0.0.1']);
    expect(ips({ endpoints: endpoints.slice(2), ports }).cluster).toEqual([]);
  });

  test('an endpoint in two slices counts once, ready if one says so', () => {
    const slices = [slice({ endpoints: [{ ip: '10.0.0.1' }], ports }), slice({ endpoints: [{ ip: '10.0.0.1', ready: false }], ports })];
    expect(selectBackends(slices, query).cluster).toEqual([{ ip: '10.0.0.1', port: 8080 }]);
  });

  test('ports are found by name and protocol; each slice has its own number', () => {
    const named = (port: number, ip: string): EndpointSlice =>
      slice({
        endpoints: [{ ip }],
        ports: [
          { name: 'http', port },
          { name: 'http', port: 1, protocol: 'UDP' },
        ],
      });
    expect(selectBackends([named(80, '10.0.0.1'), named(81, '10.0.0.2')], { ...query, portName: 'http' }).cluster).toEqual([
      { ip: '10.0.0.1', port: 80 },
      { ip: '10.0.0.2', port: 81 },
    ]);
    expect(selectBackends([named(80, '10.0.0.1')], query).cluster).toEqual([]);
  });

  test('text that is no plain address never reaches a rule', () => {
    expect(ips({ endpoints: [{ ip: '10.0.0.1 }; flush ruleset' }, { ip: 'fe80::1%eth0' }], ports }).cluster).toEqual([]);
    expect(['10.0.0.0/8', '::/0', '10.0.0.1'].every(isPlainAddress)).toBe(true);
    expect(['10.0.0.0/8/9', '10.0.0.1/x', '010.0.0.1x', '', '1.2.3'].some(isPlainAddress)).toBe(false);
  });
});

describe('keepPlaces', () => {
  const of = (text: string): { ip: string; port: number }[] => [...text].map((ip) => ({ ip, port: 1 }));
  test.each([
    ['abc', 'abcd', 'abcd'],
    ['abc', 'dcba', 'abcd'],
    ['abc', 'ac', 'ac'],
    ['abcd', 'bcd', 'dbc'],
    ['abc', 'xbc', 'xbc'],
    ['abc', '', ''],
    ['', 'ab', 'ab'],
  ])('%s, then %s: %s', (former, wanted, expected) => {
    expect(
      keepPlaces(of(former), of(wanted))
        .map(({ ip }) => ip)
        .join(''),
    ).toBe(expected);
  });
});

describe('servicePorts', () => {
  test('one rule a port and family, each with its own slices', () => {
    const dual = make({ clusterIPs: ['10.43.0.5', 'fd43::5'], ports: [{ name: '', port: 80, nodePort: 30080 }] });
    const slices = [
      slice({ endpoints: [{ ip: '10.42.0.2' }], ports }),
      slice({ addressType: 'IPv6', endpoints: [{ ip: 'fd42::2' }], ports }),
    ];
    const rules = servicePorts(dual, slices, { nodeName: 'node-1' });
    expect(rules.map(({ family, clusterIP, nodePort, backends }) => [family, clusterIP, nodePort, backends.cluster])).toEqual([
      ['ip', '10.43.0.5', 30080, [{ ip: '10.42.0.2', port: 8080 }]],
      ['ip6', 'fd43::5', 30080, [{ ip: 'fd42::2', port: 8080 }]],
    ]);
  });

  test('other addresses by family; balancers that proxy are left out', () => {
    const balanced = make({
      type: 'LoadBalancer',
      clusterIPs: ['10.43.0.5'],
      ports: [{ port: 80 }],
      externalIPs: ['1.1.1.1', 'fd00::1'],
      loadBalancerSourceRanges: [' 10.0.0.0/8', 'fd00::/8'],
      ingress: [{ ip: '2.2.2.2' }, { ip: '3.3.3.3', ipMode: 'Proxy' }, { ip: 'fd00::2' }],
    });
    expect(servicePorts(balanced, [], { nodeName: 'x' })[0]).toMatchObject({
      externalIPs: ['1.1.1.1'],
      loadBalancerIPs: ['2.2.2.2'],
      sourceRanges: ['10.0.0.0/8'],
    });
  });

  test('affinity has a timeout only when asked for; the default is three hours', () => {
    const form = { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] };
    expect(servicePorts(make(form), [], { nodeName: 'x' })[0]?.affinitySeconds).toBeUndefined();
    expect(servicePorts(make({ ...form, sessionAffinity: 'ClientIP' }), [], { nodeName: 'x' })[0]?.affinitySeconds).toBe(10_800);
  });

  test.each([
    ['headless', { clusterIPs: ['None'], ports: [] }],
    ['external name', { type: 'ExternalName', clusterIPs: [], ports: [] }],
    ['another proxy’s', { clusterIPs: ['10.43.0.5'], ports: [], labels: { 'service.kubernetes.io/service-proxy-name': 'other' } }],
  ])('%s services are not proxied', (_, form) => {
    expect(isProxied(make(form))).toBe(false);
  });
});

describe('staleFlows', () => {
  const rules = (ips: string[], protocol = 'UDP'): ReturnType<typeof servicePorts> => {
    const form = { clusterIPs: ['10.43.0.10'], ports: [{ port: 53, protocol, nodePort: 30053 }] };
    return servicePorts(make(form), [slice({ endpoints: ips.map((ip) => ({ ip })), ports: [{ port: 5353, protocol }] })], {
      nodeName: 'x',
    });
  };

  test('a backend that goes takes its flows along, at each address of the service', () => {
    expect(staleFlows(rules(['10.42.0.2', '10.42.0.3']), rules(['10.42.0.3']))).toEqual([
      { family: 'ip', destination: '10.43.0.10', port: 53, backend: '10.42.0.2' },
      { family: 'ip', destination: undefined, port: 30053, backend: '10.42.0.2' },
    ]);
    expect(staleFlows(rules(['10.42.0.2']), [])).toHaveLength(2);
  });

  test('the first backend ends what was sent into nothing; others and TCP change nothing', () => {
    expect(staleFlows(rules([]), rules(['10.42.0.2'])).map(({ backend }) => backend)).toEqual([undefined, undefined]);
    expect(staleFlows(rules(['10.42.0.2']), rules(['10.42.0.2', '10.42.0.3']))).toEqual([]);
    expect(staleFlows(rules(['10.42.0.2'], 'TCP'), rules([], 'TCP'))).toEqual([]);
  });

  test('the arguments of conntrack', () => {
    expect(conntrackArgs({ family: 'ip6', destination: 'fd43::a', port: 53, backend: 'fd42::2' }).join(' ')).toBe(
      '-D -f ipv6 -p udp --orig-dst fd43::a --orig-port-dst 53 --reply-src fd42::2',
    );
    expect(conntrackArgs({ family: 'ip', destination: undefined, port: 30053, backend: undefined }).join(' ')).toBe(
      '-D -f ipv4 -p udp --orig-port-dst 30053',
    );
  });

  test('of many flows only those are ended that exist', () => {
    const listing =
      'udp      17 29 src=10.42.0.3 dst=10.43.0.10 sport=5555 dport=53 src=10.42.0.2 dst=10.42.0.3 sport=5353 dport=5555 [ASSURED] mark=0 use=1\n' +
      'udp      17 9 src=10.42.0.3 dst=10.43.0.11 sport=5555 dport=53 [UNREPLIED] src=10.43.0.11 dst=10.42.0.3 sport=53 dport=5555 mark=0 use=1\n';
    const flow = (destination: string | undefined, backend: string | undefined, port = 53): Parameters<typeof conntrackArgs>[0] => ({
      family: 'ip',
      destination,
      port,
      backend,
    });
    const present = [flow('10.43.0.10', '10.42.0.2'), flow('10.43.0.11', undefined), flow(undefined, '10.42.0.2')];
    const absent = [flow('10.43.0.10', '10.42.0.9'), flow('10.43.0.12', undefined), flow(undefined, undefined, 30053)];
    expect(presentFlows([...present, ...absent], 'ip', listing)).toEqual(present);
    expect(presentFlows(present, 'ip6', listing)).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { canonicalAddress, isPlainAddress } from './addresses.ts';
import { keepPlaces, selectBackends } from './backends.ts';
import { changedFrontends, staleFlows } from './conntrack.ts';
import { healthCheckPort, isProxied, servicePorts } from './service-ports.ts';
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

  const hinted = (zones: (string | undefined)[], nodes: (string | undefined)[] = []): EndpointSlice => ({
    ...slice({ endpoints: zones.map((_, at) => ({ ip: `10.0.0.${at + 1}` })), ports }),
    endpoints: zones.map((zone, at) => ({
      addresses: [`10.0.0.${at + 1}`],
      hints: {
        ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
        ...(nodes[at] === undefined ? {} : { forNodes: [{ name: nodes[at] }] }),
      },
    })),
  });

  test.each([
    ['those of this zone', hinted(['a', 'b', 'a']), ['10.0.0.1', '10.0.0.3']],
    ['all when one has no hint', hinted(['a', 'b', undefined]), ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
    ['all when none is for this zone', hinted(['b', 'b']), ['10.0.0.1', '10.0.0.2']],
    ['those of this node before those of the zone', hinted(['a', 'a'], ['node-2', 'node-1']), ['10.0.0.2']],
    ['the zone’s when no node hint is for this node', hinted(['a', 'b'], ['node-2', 'node-2']), ['10.0.0.1']],
  ])('hints: %s', (_, hints, expected) => {
    expect(selectBackends([hints], { ...query, zone: 'a' }).cluster.map(({ ip }) => ip)).toEqual(expected);
  });

  test('what conditions do not say is ready and serving; ready addresses of this node are counted once', () => {
    const many = [
      { ip: '10.0.0.1', nodeName: 'node-1' },
      { ip: '10.0.0.1', nodeName: 'node-1' },
      { ip: '10.0.0.2', nodeName: 'node-1', ready: false },
      { ip: '10.0.0.3', nodeName: 'node-2' },
    ];
    const { localReady, here, serving } = selectBackends([slice({ endpoints: many, ports })], query);
    expect([localReady, here, serving.length]).toEqual([1, ['10.0.0.1'], 3]);
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

test.each([
  ['10.42.0.2', '10.42.0.2'],
  ['FD42:0:0::2', 'fd42::2'],
  ['fd42:0000:0000:0001:0000::', 'fd42:0:0:1::'],
  ['10.42.3.4/16', '10.42.0.0/16'],
  ['fd42::1/112', 'fd42::/112'],
  ['10.0.0.0/33', undefined],
  ['10.0.0', undefined],
])('one way to write %s', (text, expected) => expect(canonicalAddress(text)).toBe(expected));

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
  test('an address that is written in two ways is one', () => {
    const dual = make({ clusterIPs: ['fd43::5'], externalIPs: ['fd99::1', 'FD99:0::1'], ports: [{ name: '', port: 80 }] });
    const slices = [slice({ addressType: 'IPv6', endpoints: [{ ip: 'fd42::2' }, { ip: 'fd42:0:0::2' }], ports })];
    const [rule] = servicePorts(dual, slices, { nodeName: 'node-1' });
    expect([rule?.externalIPs, rule?.backends.cluster]).toEqual([['fd99::1'], [{ ip: 'fd42::2', port: 8080 }]]);
  });

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

  test('source ranges: all addresses are none; a range with this node in it lets in what the node sends to the balancer', () => {
    const ranges = (list: string[]): readonly string[] | undefined =>
      servicePorts(
        make({
          type: 'LoadBalancer',
          clusterIPs: ['10.43.0.5'],
          ports: [{ port: 80 }],
          loadBalancerSourceRanges: list,
          ingress: [{ ip: '2.2.2.2' }],
        }),
        [],
        { nodeName: 'x', nodeIPs: ['172.30.0.1'] },
      )[0]?.sourceRanges;
    expect(ranges(['10.0.0.0/8', '0.0.0.0/0'])).toEqual([]);
    expect(ranges(['10.0.0.0/8'])).toEqual(['10.0.0.0/8']);
    expect(ranges(['172.30.0.0/24'])).toEqual(['172.30.0.0/24', '2.2.2.2']);
  });

  test('a health check port only for balancers under policy Local', () => {
    const form = { type: 'LoadBalancer', clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }], healthCheckNodePort: 31_000 };
    expect(healthCheckPort(make({ ...form, externalTrafficPolicy: 'Local' }))).toBe(31_000);
    expect(healthCheckPort(make(form))).toBeUndefined();
    expect(healthCheckPort(make({ ...form, type: 'NodePort', externalTrafficPolicy: 'Local' }))).toBeUndefined();
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

describe('flows of UDP services', () => {
  const rules = (ips: string[], protocol = 'UDP', ready = true): ReturnType<typeof servicePorts> => {
    const form = { clusterIPs: ['10.43.0.10'], ports: [{ port: 53, protocol, nodePort: 30053 }] };
    const endpoints = ips.map((ip) => ({ ip, ready, serving: true, terminating: !ready }));
    return servicePorts(make(form), [slice({ endpoints, ports: [{ port: 5353, protocol }] })], { nodeName: 'x' });
  };
  const line = (to: string, from: string, state = '[ASSURED]'): string => {
    const [destination, port] = to.split(' ');
    const [backend, backendPort] = from.split(' ');
    const unanswered = state === '[UNREPLIED]' ? `${state} ` : '';
    return `udp      17 29 src=10.42.0.3 dst=${destination} sport=5555 dport=${port} ${unanswered}src=${backend} dst=10.42.0.3 sport=${backendPort} dport=5555 ${state} mark=0 use=1`;
  };
  const ended = (before: string[], after: string[], ...lines: string[]): string[] =>
    staleFlows(changedFrontends(rules(before), rules(after)), 'ip', lines.join('\n')).map(
      (args) => args[args.indexOf('--orig-dst') + 1] ?? '',
    );

  test('those to an endpoint that is gone end, at each address and node port of the service; others go on', () => {
    const gone = [line('10.43.0.10 53', '10.42.0.2 5353'), line('172.30.0.1 30053', '10.42.0.2 5353')];
    const kept = [line('10.43.0.10 53', '10.42.0.4 5353'), line('10.43.0.99 53', '10.42.0.2 5353')];
    expect(ended(['10.42.0.2', '10.42.0.4'], ['10.42.0.4'], ...gone, ...kept)).toEqual(['10.43.0.10', '172.30.0.1']);
    expect(ended(['10.42.0.2'], [], ...gone, ...kept)).toEqual(['10.43.0.10', '172.30.0.1']);
  });

  test('the first endpoint ends what was sent into nothing', () => {
    expect(ended([], ['10.42.0.2'], line('10.43.0.10 53', '10.43.0.10 53', '[UNREPLIED]'))).toEqual(['10.43.0.10']);
    expect(ended([], [], line('10.43.0.10 53', '10.43.0.10 53', '[UNREPLIED]'))).toEqual([]);
  });

  test('nothing to look for while the same endpoints serve, ending ones included, and for TCP', () => {
    expect(changedFrontends(rules(['10.42.0.2']), rules(['10.42.0.2'], 'UDP', false))).toEqual([]);
    expect(changedFrontends(rules(['10.42.0.2'], 'TCP'), rules([], 'TCP'))).toEqual([]);
  });

  test('the arguments of conntrack name one flow', () => {
    const [args] = staleFlows(changedFrontends(rules(['10.42.0.2']), rules([])), 'ip', line('10.43.0.10 53', '10.42.0.2 5353'));
    expect(args?.join(' ')).toBe('-D -f ipv4 -p udp --orig-src 10.42.0.3 --orig-dst 10.43.0.10 --orig-port-src 5555 --orig-port-dst 53');
    expect(staleFlows(changedFrontends(rules(['10.42.0.2']), rules([])), 'ip6', line('10.43.0.10 53', '10.42.0.2 5353'))).toEqual([]);
  });
});

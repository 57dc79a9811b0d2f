import { describe, expect, test } from '@jest/globals';
import type { Endpoint, Node } from '../../api/generated/types.ts';
import { isOverloaded, planTopology, zoneShares } from './topology.ts';
import { TopologyHints } from './topology-hints.ts';

const node = (zone: string, cpu: string, { ready = true, labels = {} } = {}): Node =>
  ({
    metadata: { name: `${zone}-${cpu}`, labels: { ...(zone === '' ? {} : { 'topology.kubernetes.io/zone': zone }), ...labels } },
    spec: {},
    status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as unknown as Node;
const endpoint = (zone: string | undefined, hint?: string, ready = true): Endpoint => ({
  addresses: ['10.0.0.1'],
  conditions: { ready },
  ...(zone === undefined ? {} : { zone }),
  ...(hint === undefined ? {} : { hints: { forZones: [{ name: hint }] } }),
});
const hints = (endpoints: readonly Endpoint[] | undefined): (string | undefined)[] | undefined =>
  endpoints?.map((each) => each.hints?.forZones?.[0]?.name);
const even = new Map([
  ['a', 0.5],
  ['b', 0.5],
]);

describe('zoneShares', () => {
  test('by processors of ready nodes that are no control plane', () => {
    const nodes = [node('a', '1'), node('a', '500m'), node('b', '4500m'), node('b', '9', { ready: false })];
    const master = node('c', '64', { labels: { 'node-role.kubernetes.io/control-plane': '' } });
    expect(zoneShares([...nodes, master])).toEqual(
      new Map([
        ['a', 0.25],
        ['b', 0.75],
      ]),
    );
  });

  test.each([
    ['one zone', [node('a', '1'), node('a', '2')]],
    ['a node without zone', [node('a', '1'), node('b', '1'), node('', '1')]],
    ['a node without processors', [node('a', '1'), node('b', '0')]],
  ])('unknown with %s', (_, nodes) => {
    expect(zoneShares(nodes)).toBeUndefined();
  });
});

describe('planTopology', () => {
  const planned = (shares: ReadonlyMap<string, number> | undefined, endpoints: Endpoint[]): unknown => {
    const plan = planTopology(shares, [{ endpoints, open: true }]);
    return 'refused' in plan ? plan.refused : hints(plan.slices[0]);
  };

  test('each endpoint serves its own zone where that is even', () => {
    expect(planned(even, [endpoint('a'), endpoint('b'), endpoint('b', undefined, false)])).toEqual(['a', 'b', undefined]);
  });

  test('zones with too many give to those with too few', () => {
    expect(planned(even, [endpoint('a'), endpoint('a'), endpoint('a'), endpoint('b')])).toEqual(['b', 'a', 'a', 'b']);
  });

  test('refusals in upstream’s words', () => {
    expect(planned(undefined, [])).toMatch(/^Insufficient Node information/);
    expect(planned(even, [endpoint('a')])).toBe('Insufficient number of endpoints (1 endpoints, 2 zones)');
    const uneven = new Map([
      ['a', 0.2],
      ['b', 0.2],
      ['c', 0.6],
    ]);
    expect(planned(uneven, [endpoint('a'), endpoint('b'), endpoint('c')])).toBe(
      'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 3 zones)',
    );
    expect(planned(even, [endpoint('a'), endpoint(undefined)])).toBe('One or more endpoints do not have a zone specified');
  });

  test('a slice that is not written keeps its hints unless they no longer fit', () => {
    const kept = { endpoints: [endpoint('a', 'a'), endpoint('b', 'b')], open: false };
    const stale = { endpoints: [endpoint('a', 'gone'), endpoint('b')], open: false };
    const plan = planTopology(even, [kept, stale]);
    expect('slices' in plan && plan.slices.map(hints)).toEqual([undefined, ['a', 'b']]);
  });
});

test('hints are made again when a zone has too few endpoints for its share', () => {
  const shares = new Map([
    ['a', 0.25],
    ['b', 0.75],
  ]);
  const counts = (a: number, b: number): Map<string, number> => new Map(Object.entries({ a, b }));
  expect([isOverloaded(counts(2, 2), shares), isOverloaded(counts(1, 3), shares), isOverloaded(new Map(), shares)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('events tell when hints come and when they go, once', () => {
  const topology = new TopologyHints();
  const plan = new Map([['IPv4', { slices: [], byZone: new Map([['a', 2]]) }] as const]);
  expect(topology.note('shop/web', plan)).toEqual([{ enabled: true, message: 'Topology Aware Hints has been enabled, addressType: IPv4' }]);
  expect(topology.note('shop/web', plan)).toEqual([]);
  topology.setNodes([node('a', '1'), node('b', '1')]);
  expect(topology.overloaded()).toEqual(['shop/web']);
  expect(topology.note('shop/web', new Map())).toEqual([
    { enabled: false, message: 'Topology Aware Hints has been disabled, addressType: IPv4' },
  ]);
  expect(topology.note('shop/web', new Map([['IPv4', { refused: 'No' }] as const]))).toEqual([
    { enabled: false, message: 'No, addressType: IPv4' },
  ]);
});

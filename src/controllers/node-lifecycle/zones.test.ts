import { describe, expect, test } from '@jest/globals';
import type { Node } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { nodeLifecycleController } from './index.ts';
import { EvictionPace, isAllLost, zonesOf } from './zones.ts';

function make(name: string, ready: string, zone = 'a', labels: object = {}): Node {
  const metadata = { name, uid: name, labels: { 'topology.kubernetes.io/zone': zone, ...labels } };
  return { metadata, spec: {}, status: { conditions: [{ type: 'Ready', status: ready }] } } as unknown as Node;
}

const nodes = (lost: number, well: number): Node[] => [
  ...Array.from({ length: lost }, (_, at) => make(`l${String(at)}`, 'Unknown')),
  ...Array.from({ length: well }, (_, at) => make(`w${String(at)}`, 'True')),
];

test.each([
  [0, 4, 'Normal'],
  [2, 1, 'Normal'],
  [3, 3, 'Normal'],
  [5, 4, 'PartialDisruption'],
  [3, 0, 'FullDisruption'],
])('%d lost and %d well: %s', (lost, well, state) => {
  expect([...zonesOf(nodes(lost, well)).values()]).toEqual([{ size: lost + well, state }]);
});

test('zones are counted apart, nodes that want out not at all', () => {
  const all = [make('a', 'False'), make('b', 'True', 'b'), make('c', 'False', 'b', { 'node.kubernetes.io/exclude-disruption': '' })];
  expect([...zonesOf(all).values()].map(({ state }) => state)).toEqual(['FullDisruption', 'Normal']);
  expect(isAllLost(zonesOf(all))).toBe(false);
  expect(isAllLost(zonesOf(all.slice(0, 1)))).toBe(true);
  expect(isAllLost(zonesOf([]))).toBe(false);
});

test('one node of a zone every ten seconds; of a large one in trouble every hundred, of a small one none', () => {
  const pace = new EvictionPace();
  const normal = { state: 'Normal', size: 9 } as const;
  expect([pace.take('a', normal, 0), pace.take('a', normal, 4000), pace.take('b', normal, 4000), pace.take('a', normal, 10_000)]).toEqual([
    0, 6000, 0, 0,
  ]);
  expect(pace.take('a', { state: 'PartialDisruption', size: 51 }, 20_000)).toBe(90_000);
  expect(pace.take('a', { state: 'PartialDisruption', size: 50 }, 500_000)).toBe(Infinity);
  expect(pace.take('c', { state: 'PartialDisruption', size: 50 }, 500_000)).toBe(Infinity);
});

describe('lost nodes', () => {
  const givenUp = (bench: Bench): string[] =>
    bench.client
      .all(refs.nodes)
      .filter(({ spec }) => spec.taints?.some(({ effect }) => effect === 'NoExecute') === true)
      .map(({ metadata }) => metadata.name);
  const start = (...all: Node[]): Promise<Bench> =>
    startBench([nodeLifecycleController], { seed: (client) => all.forEach((node) => client.seed(refs.nodes, node)) });
  const set = async (bench: Bench, name: string, ready: string): Promise<void> => {
    const node = bench.client.peek(refs.nodes, name) as Node;
    await bench.client.resource(refs.nodes).updateStatus({ ...node, status: { conditions: [{ type: 'Ready', status: ready }] } });
    await bench.settle();
  };

  test('are given up one after the other', async () => {
    await using bench = await start(make('n1', 'False'), make('n2', 'False'), make('n3', 'True'));
    expect(givenUp(bench)).toEqual(['n1']);
    await bench.clock.advance(10_000);
    await bench.settle();
    expect(givenUp(bench)).toEqual(['n1', 'n2']);
    await set(bench, 'n1', 'True');
    expect(givenUp(bench)).toEqual(['n2']);
  });

  test('keep their pods while no node is left; a single node always does', async () => {
    await using bench = await start(make('n1', 'False'), make('n2', 'True'));
    expect(givenUp(bench)).toEqual(['n1']);
    await set(bench, 'n2', 'False');
    expect(givenUp(bench)).toEqual([]);
    expect(bench.client.peek<Node>(refs.nodes, 'n1')?.spec.taints).toMatchObject([
      { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
    ]);
    await set(bench, 'n2', 'True');
    await bench.clock.advance(10_000);
    await bench.settle();
    expect(givenUp(bench)).toEqual(['n1']);
  });

  test('that were given up as not ready stay so when they fall silent', async () => {
    await using bench = await start(make('n1', 'False'), make('n2', 'True'));
    await set(bench, 'n1', 'Unknown');
    const taints = bench.client.peek<Node>(refs.nodes, 'n1')?.spec.taints?.filter(({ effect }) => effect === 'NoExecute');
    expect(taints).toMatchObject([{ key: 'node.kubernetes.io/unreachable' }]);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { Node, Pod } from '../../api/generated/types.ts';
import { defaultArgs } from '../config/args.ts';
import type { Plugin } from '../framework.ts';
import { node, pod, testCluster } from '../testing/cluster.ts';
import { balancedAllocation } from './balanced-allocation/index.ts';
import { imageLocality } from './image-locality/index.ts';
import { nodeAffinity } from './node-affinity/index.ts';
import { nodeResourcesFit } from './node-resources-fit/index.ts';
import type { ScoringStrategy } from './node-resources-fit/scoring.ts';
import { taintToleration } from './taint-toleration/index.ts';

/** Scores by node, brought to 0..100. */
function scores(
  plugin: Plugin,
  asking: Pod,
  world: { readonly nodes: readonly Node[]; readonly pods?: readonly Pod[] },
): Record<string, number> | undefined {
  const { cluster, info } = testCluster(world);
  const scorer = plugin.localScore?.(info(asking).class) ?? plugin.preScore?.(info(asking), cluster.nodes, cluster);
  if (scorer === undefined) return undefined;
  const all = cluster.nodes.map((one) => scorer.score(one));
  scorer.normalize?.(all, cluster.nodes);
  return Object.fromEntries(cluster.nodes.map(({ name }, at) => [name, all[at] ?? 0]));
}

const fit = (scoringStrategy: ScoringStrategy): Plugin => nodeResourcesFit({ ...defaultArgs.NodeResourcesFit, scoringStrategy });
const both = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];
/** 4 CPUs and 8Gi each; three quarters of the CPUs of the second are taken. */
const half = { nodes: [node('a'), node('b')], pods: [pod('x', { on: 'b', cpu: '2', memory: '2Gi' })] };
const asking = pod('p', { cpu: '1', memory: '2Gi' });

describe('scores', () => {
  test.each<[string, ScoringStrategy, Record<string, number>]>([
    ['the least allocated', { type: 'LeastAllocated', resources: both }, { a: 75, b: 37 }],
    ['the most allocated', { type: 'MostAllocated', resources: both }, { a: 25, b: 62 }],
    [
      'weights',
      {
        type: 'MostAllocated',
        resources: [
          { name: 'cpu', weight: 3 },
          { name: 'memory', weight: 1 },
        ],
      },
      { a: 25, b: 68 },
    ],
    [
      'a shape of utilization',
      {
        type: 'RequestedToCapacityRatio',
        resources: both,
        shape: [
          { utilization: 0, score: 10 },
          { utilization: 50, score: 0 },
          { utilization: 100, score: 10 },
        ],
      },
      { a: 50, b: 50 },
    ],
  ])('%s', (_what, strategy, expected) => {
    expect(scores(fit(strategy), asking, half)).toEqual(expected);
  });

  test('pods without requests count as a little', () => {
    const { nodes } = half;
    expect(scores(fit({ type: 'LeastAllocated', resources: both }), pod('p'), { nodes, pods: [pod('x', { on: 'b' })] })).toEqual({
      a: 97,
      b: 95,
    });
  });

  test('balance: shares that the pod evens out', () => {
    const lopsided = { nodes: [node('a'), node('b')], pods: [pod('x', { on: 'b', cpu: '2' })] };
    const plugin = balancedAllocation(defaultArgs.NodeResourcesBalancedAllocation);
    expect(scores(plugin, pod('p', { memory: '4Gi' }), lopsided)).toEqual({ a: 62, b: 87 });
    expect(scores(plugin, pod('p'), lopsided)).toBeUndefined();
  });

  test('taints that only deter', () => {
    const taint = { key: 'spot', effect: 'PreferNoSchedule' };
    const nodes = [
      node('a'),
      node('b', { spec: { taints: [taint] } }),
      node('c', { spec: { taints: [taint, { ...taint, key: 'slow' }] } }),
    ];
    expect(scores(taintToleration, pod('p'), { nodes })).toEqual({ a: 100, b: 50, c: 0 });
  });

  test('preferred nodes', () => {
    const preference = (weight: number, value: string): object => ({
      weight,
      preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: [value] }] },
    });
    const spec = {
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preference(20, 'ssd'), preference(5, 'hdd')] } },
    };
    const nodes = [node('a', { labels: { disk: 'ssd' } }), node('b', { labels: { disk: 'hdd' } }), node('c')];
    expect(scores(nodeAffinity(), pod('p', { spec }), { nodes })).toEqual({ a: 100, b: 25, c: 0 });
  });

  test('images that are there, weighed by how many nodes have them', () => {
    const images = [{ names: ['web:1'], sizeBytes: 600 * 1024 * 1024 }];
    expect(scores(imageLocality, pod('p'), { nodes: [node('a', { images }), node('b')] })).toEqual({ a: 28, b: 0 });
    expect(scores(imageLocality, pod('p'), { nodes: [node('a'), node('b')] })).toBeUndefined();
  });
});

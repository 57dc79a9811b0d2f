import { describe, expect, test } from '@jest/globals';
import type { Pod } from '../../api/generated/types.ts';
import { node, pod, testCluster, type World } from '../testing/cluster.ts';

const affinity = (terms: readonly object[]): object => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
});
const port = (hostPort: number, more: object = {}): object => ({
  containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort, ...more }] }],
});
const wrongNode = "node(s) didn't match Pod's node affinity/selector";
const taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };
const untolerated = 'node(s) had untolerated taint(s)';
const noPorts = "node(s) didn't have free ports for the requested pod ports";

/** A pod before two nodes: what each of them says; '' for yes. */
const cases: readonly [string, World, Pod, readonly [string, string]][] = [
  ['a cordoned node', { nodes: [node('a', { spec: { unschedulable: true } }), node('b')] }, pod('p'), ['node(s) were unschedulable', '']],
  [
    'a cordoned node, tolerated',
    { nodes: [node('a', { spec: { unschedulable: true } }), node('b')] },
    pod('p', { spec: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] } }),
    ['', ''],
  ],
  ['a taint', { nodes: [node('a', { spec: { taints: [taint] } }), node('b')] }, pod('p'), [untolerated, '']],
  [
    'a taint of another value than the one tolerated',
    { nodes: [node('a', { spec: { taints: [taint] } }), node('b')] },
    pod('p', { spec: { tolerations: [{ key: 'dedicated', value: 'tpu' }] } }),
    [untolerated, ''],
  ],
  [
    'a taint that only deters',
    { nodes: [node('a', { spec: { taints: [{ ...taint, effect: 'PreferNoSchedule' }] } }), node('b')] },
    pod('p'),
    ['', ''],
  ],
  [
    'nodeSelector',
    { nodes: [node('a'), node('b', { labels: { disk: 'ssd' } })] },
    pod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
    [wrongNode, ''],
  ],
  [
    'node affinity: terms are alternatives, expressions are not',
    { nodes: [node('a', { labels: { rank: '3' } }), node('b', { labels: { rank: '7', disk: 'hdd' } })] },
    pod('p', {
      spec: affinity([
        {
          matchExpressions: [
            { key: 'rank', operator: 'Gt', values: ['5'] },
            { key: 'disk', operator: 'In', values: ['ssd'] },
          ],
        },
        { matchExpressions: [{ key: 'rank', operator: 'Lt', values: ['5'] }] },
      ]),
    }),
    ['', wrongNode],
  ],
  ['an empty term matches no node', { nodes: [node('a'), node('b')] }, pod('p', { spec: affinity([{}]) }), [wrongNode, wrongNode]],
  [
    'host ports',
    { nodes: [node('a'), node('b')], pods: [pod('x', { on: 'a', spec: port(80) })] },
    pod('p', { spec: port(80) }),
    [noPorts, ''],
  ],
  [
    'host ports of other addresses and protocols do not clash',
    {
      nodes: [node('a'), node('b')],
      pods: [
        pod('x', { on: 'a', spec: port(80, { hostIP: '10.0.0.1' }) }),
        pod('y', { on: 'b', spec: port(80, { protocol: 'UDP', hostIP: '10.0.0.2' }) }),
      ],
    },
    pod('p', { spec: port(80, { hostIP: '10.0.0.2' }) }),
    ['', ''],
  ],
  ['cpu', { nodes: [node('a'), node('b')], pods: [pod('x', { on: 'a', cpu: '3' })] }, pod('p', { cpu: '1500m' }), ['Insufficient cpu', '']],
  [
    'several resources at once',
    { nodes: [node('a', { allocatable: { memory: '1Gi' } }), node('b')] },
    pod('p', { cpu: '5', memory: '2Gi' }),
    ['Insufficient cpu, Insufficient memory', 'Insufficient cpu'],
  ],
  [
    'the number of pods',
    { nodes: [node('a', { allocatable: { pods: '1' } }), node('b')], pods: [pod('x', { on: 'a' })] },
    pod('p'),
    ['Too many pods', ''],
  ],
  [
    'extended resources',
    { nodes: [node('a'), node('b', { allocatable: { 'example.com/gpu': '1' } })] },
    pod('p', { spec: { containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '1' } } }] } }),
    ['Insufficient example.com/gpu', ''],
  ],
  [
    'init containers run one at a time, sidecars beside everything',
    { nodes: [node('a', { allocatable: { cpu: '2' } }), node('b', { allocatable: { cpu: '3' } })] },
    pod('p', {
      spec: {
        initContainers: [
          { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
          { name: 'init', resources: { requests: { cpu: '2' } } },
        ],
        containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }],
      },
    }),
    ['Insufficient cpu', ''],
  ],
  [
    'requests of the pod as a whole replace those of its containers; overhead comes on top',
    { nodes: [node('a', { allocatable: { cpu: '1' } }), node('b', { allocatable: { cpu: '1500m' } })] },
    pod('p', {
      cpu: '8',
      spec: {
        resources: { requests: { cpu: '1' } },
        overhead: { cpu: '500m' },
        containers: [{ name: 'c', resources: { requests: { cpu: '8' } } }],
      },
    }),
    ['Insufficient cpu', ''],
  ],
];

describe('filters that look at one node', () => {
  test.each(cases)('%s', (_what, world, asking, [a, b]) => {
    expect(testCluster(world).refusals(asking)).toEqual({ a, b });
  });

  test('nodes that a pod names by field are the only ones looked at', () => {
    const bench = testCluster({ nodes: [node('a'), node('b'), node('c')] });
    const named = (...names: string[]): Pod =>
      pod('p', { spec: affinity(names.map((name) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }))) });
    expect(bench.answer(named('b'))).toBe('b');
    expect(bench.answer(named('gone'))).toBe("0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity].");
  });

  test('a pod being resized takes the most of what it wants, has and was granted', () => {
    const resized = pod('x', {
      on: 'a',
      cpu: '1',
      meta: { generation: 2 },
      status: { containerStatuses: [{ name: 'c', resources: { requests: { cpu: '3' } }, allocatedResources: { cpu: '3' } }] },
    });
    expect(testCluster({ nodes: [node('a')], pods: [resized] }).refusals(pod('p', { cpu: '2' }))).toEqual({ a: 'Insufficient cpu' });
  });

  test('pods that run already do not tie those of their kind to their node', () => {
    const bench = testCluster({ nodes: [node('a'), node('b')], pods: [pod('x', { on: 'a' })] });
    expect(bench.refusals(pod('p'))).toEqual({ a: '', b: '' });
  });

  test('what was concluded about a node is forgotten when it changes', () => {
    const { cache, decide } = testCluster({ nodes: [node('a')] });
    const asking = pod('p', { cpu: '8' });
    expect(decide(asking)).toHaveProperty('unschedulable');
    cache.setNode(node('a', { allocatable: { cpu: '16' } }));
    expect(decide(asking)).toHaveProperty('node');
    cache.removeNode('a');
    cache.setNode(node('z'));
    expect(decide(asking)).toHaveProperty('unschedulable');
  });
});

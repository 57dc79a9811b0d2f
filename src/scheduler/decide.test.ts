import { describe, expect, test } from '@jest/globals';
import { advice } from './advice.ts';
import { enoughNodes } from './decide.ts';
import { NodeTree } from './node-tree.ts';
import { node, pod, testCluster, type World } from './testing/cluster.ts';

describe('decisions', () => {
  test.each([
    [50, 0, 50],
    [100, 0, 100],
    [1000, 0, 420],
    [5000, 0, 500],
    [6000, 0, 300],
    [1000, 30, 300],
    [1000, 5, 100],
  ])('of %i nodes at %i%%, %i are enough', (all, percentage, expected) => {
    expect(enoughNodes(all, percentage)).toBe(expected);
  });

  test('among equals the dice decide', () => {
    const { decide } = testCluster({ nodes: [node('a'), node('b'), node('c')] });
    const at = (random: number): string => {
      const decision = decide(pod('p'), random);
      return 'node' in decision ? decision.node.name : '';
    };
    expect([at(0), at(0.5), at(0.99)]).toEqual(['a', 'b', 'c']);
  });

  test('the node that was promised goes first, when it will do', () => {
    const { answer } = testCluster({ nodes: [node('a'), node('b')], pods: [pod('x', { on: 'b', cpu: '2' })] });
    expect(answer(pod('p', { cpu: '1', status: { nominatedNodeName: 'b' } }))).toBe('b');
    expect(answer(pod('p', { cpu: '3', status: { nominatedNodeName: 'b' } }))).toBe('a');
  });

  test('room that is kept counts against pods of no higher priority', () => {
    const keeper = pod('k', { cpu: '3', spec: { priority: 5, containers: [{ name: 'c', resources: { requests: { cpu: '3' } } }] } });
    const world: World = { nodes: [node('a')], nominated: { a: [keeper] } };
    const asking = (priority: number) =>
      pod('p', { spec: { priority, containers: [{ name: 'c', resources: { requests: { cpu: '2' } } }] } });
    expect(testCluster(world).refusals(asking(5))).toEqual({ a: 'Insufficient cpu' });
    expect(testCluster(world).refusals(asking(6))).toEqual({ a: '' });
  });

  test('zones take turns', () => {
    const tree = new NodeTree();
    for (const [name, zone] of [
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
      ['d', '2'],
      ['e', '3'],
      ['f', '3'],
    ] as const)
      tree.set(node(name, { labels: { 'topology.kubernetes.io/zone': zone } }));
    expect(tree.list()).toEqual(['a', 'd', 'e', 'b', 'f', 'c']);
    tree.delete('d');
    tree.set(node('c', { labels: { 'topology.kubernetes.io/zone': '3' } }));
    expect(tree.list()).toEqual(['a', 'e', 'b', 'f', 'c']);
  });
});

describe('advice', () => {
  const told = (world: World, asking = pod('p', { cpu: '2' })): string | undefined => {
    const { decide, info } = testCluster(world);
    const decision = decide(asking);
    return 'unschedulable' in decision ? advice(info(asking).class, decision.unschedulable) : undefined;
  };

  test('the node where the least is missing', () => {
    const pods = [pod('x', { on: 'a', cpu: '3' }), pod('y', { on: 'b', cpu: '2500m' })];
    expect(told({ nodes: [node('a'), node('b')], pods })).toBe(
      'Closest is node b: the pod would fit if 500m more cpu were free (it asks for 2, 1500m of 4 are free).',
    );
  });

  test('everything in the way, as little as there is', () => {
    const taints = [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }];
    const nodes = [node('a', { spec: { taints, unschedulable: true } }), node('b', { spec: { taints } })];
    expect(told({ nodes })).toBe('Closest is node b: the pod would fit if it tolerated the taint dedicated=gpu:NoSchedule.');
    const memory = pod('p', {
      memory: '10Gi',
      spec: { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'c', resources: { requests: { memory: '10Gi' } } }] },
    });
    expect(told({ nodes: [node('a')] }, memory)).toBe(
      'Closest is node a: the pod would fit if the node had the label disk=ssd and it asked for 2Gi memory less (it asks for 10Gi, the node has 8Gi).',
    );
  });

  test('nothing where no change to one node would help', () => {
    const spec = {
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: {} }] } },
    };
    expect(told({ nodes: [node('a')] }, pod('p', { spec }))).toBeUndefined();
  });
});

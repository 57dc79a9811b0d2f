import { describe, expect, test } from '@jest/globals';
import type { Node, Pod } from '../api/generated/types.ts';
import type { ClusterEvent } from './cluster-events.ts';
import { actions, concerns, nodeChanges, podChanges } from './cluster-events.ts';
import { node, pod, testCluster } from './testing/cluster.ts';

/** Whether the event makes a pod that the plugin rejected worth another try. */
function helps(plugin: string, asking: Pod, event: ClusterEvent): boolean {
  const { profile, info, cluster } = testCluster({ nodes: [] });
  const interests = profile.plugins.find(({ name }) => name === plugin)?.events ?? [];
  return interests.some((interest) => concerns(interest, event) && (interest.helps?.(info(asking), event, cluster) ?? true));
}

const nodeEvent = (action: number, object: Node, old?: Node): ClusterEvent => ({ resource: 'Node', action, object, old });
const podEvent = (action: number, object: Pod | undefined, old?: Pod): ClusterEvent => ({ resource: 'AssignedPod', action, object, old });
const tainted = node('n', { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } });
const plain = node('n');
const ssd = { spec: { nodeSelector: { disk: 'ssd' } } };
const withPort = { spec: { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] } };
const anti = {
  spec: {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } }],
      },
    },
  },
};
const web = pod('w', { on: 'n', labels: { app: 'web' } });
const db = pod('w', { on: 'n', labels: { app: 'db' } });

describe('queueing hints', () => {
  test.each<[string, string, Pod, ClusterEvent, boolean]>([
    ['a taint goes', 'TaintToleration', pod('p'), nodeEvent(actions.nodeTaint, plain, tainted), true],
    ['a taint comes', 'TaintToleration', pod('p'), nodeEvent(actions.nodeTaint, tainted, plain), false],
    ['a tainted node comes', 'TaintToleration', pod('p'), nodeEvent(actions.add, tainted), false],
    [
      'the node is uncordoned',
      'NodeUnschedulable',
      pod('p'),
      nodeEvent(actions.nodeTaint, plain, node('n', { spec: { unschedulable: true } })),
      true,
    ],
    [
      'the label it asks for comes',
      'NodeAffinity',
      pod('p', ssd),
      nodeEvent(actions.nodeLabel, node('n', { labels: { disk: 'ssd' } }), plain),
      true,
    ],
    ['another label comes', 'NodeAffinity', pod('p', ssd), nodeEvent(actions.nodeLabel, node('n', { labels: { a: 'b' } }), plain), false],
    ['labels do not make room', 'NodeResourcesFit', pod('p', { cpu: '1' }), nodeEvent(actions.nodeLabel, plain, plain), false],
    [
      'the node grows',
      'NodeResourcesFit',
      pod('p', { cpu: '6' }),
      nodeEvent(actions.nodeAllocatable, node('n', { allocatable: { cpu: '8' } }), plain),
      true,
    ],
    [
      'the node grows elsewhere',
      'NodeResourcesFit',
      pod('p', { cpu: '3' }),
      nodeEvent(actions.nodeAllocatable, node('n', { allocatable: { memory: '16Gi' } }), plain),
      false,
    ],
    ['a pod goes', 'NodeResourcesFit', pod('p', { cpu: '1' }), podEvent(actions.delete, undefined, web), true],
    ['a pod that never had a place goes', 'NodeResourcesFit', pod('p', { cpu: '1' }), podEvent(actions.delete, undefined, pod('x')), false],
    [
      'a pod shrinks',
      'NodeResourcesFit',
      pod('p', { cpu: '1' }),
      podEvent(actions.podScaleDown, pod('x', { on: 'n', cpu: '1' }), pod('x', { on: 'n', cpu: '2' })),
      true,
    ],
    [
      'the port is given back',
      'NodePorts',
      pod('p', withPort),
      podEvent(actions.delete, undefined, pod('x', { on: 'n', ...withPort })),
      true,
    ],
    ['no port is given back', 'NodePorts', pod('p', withPort), podEvent(actions.delete, undefined, web), false],
    ['a pod it must be far from goes', 'InterPodAffinity', pod('p', anti), podEvent(actions.delete, undefined, web), true],
    ['a pod that is nothing to it goes', 'InterPodAffinity', pod('p', anti), podEvent(actions.delete, undefined, db), false],
    ['a pod it must be far from becomes another', 'InterPodAffinity', pod('p', anti), podEvent(actions.podLabel, db, web), true],
    ['a pod comes that it must be far from', 'InterPodAffinity', pod('p', anti), podEvent(actions.add, web), false],
  ])('%s (%s)', (...[, plugin, asking, event, expected]) => {
    expect(helps(plugin, asking, event)).toBe(expected);
  });
});

describe('what changed', () => {
  test('of a node', () => {
    expect(nodeChanges(plain, { ...plain, status: { ...plain.status, conditions: [] } })).toEqual([]);
    expect(nodeChanges(node('n', { spec: { unschedulable: true } }), plain)).toEqual([actions.nodeTaint]);
    expect(nodeChanges(plain, node('n', { labels: { a: 'b' }, allocatable: { cpu: '1' } }))).toEqual([
      actions.nodeAllocatable,
      actions.nodeLabel,
    ]);
  });

  test('of a pod', () => {
    expect(podChanges(web, { ...web, status: { ...web.status, phase: 'Running' } })).toEqual([actions.podOther]);
    expect(podChanges(web, db)).toEqual([actions.podLabel]);
    const bigger = pod('w', { cpu: '2', meta: { generation: 1 } });
    expect(podChanges(bigger, pod('w', { cpu: '1', meta: { generation: 2 } }))).toEqual([actions.podScaleDown]);
  });
});

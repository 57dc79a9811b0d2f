import { describe, expect, test } from '@jest/globals';
import type { Pod, PodDisruptionBudget } from '../api/generated/types.ts';
import { node, pod, testCluster, type World } from './testing/cluster.ts';

const running = (
  name: string,
  on: string,
  { priority = 0, cpu = '4', day = 1, ...more }: { priority?: number; cpu?: string; day?: number; labels?: object } = {},
): Pod =>
  pod(name, {
    on,
    cpu,
    labels: more.labels ?? { app: name },
    status: { startTime: `2026-01-0${String(day)}T00:00:00Z` },
    spec: { priority, nodeName: on, containers: [{ name: 'c', resources: { requests: { cpu } } }] },
  });
const high = (more: object = {}): Pod =>
  pod('high', { spec: { priority: 100, containers: [{ name: 'c', resources: { requests: { cpu: '4' } } }], ...more } });
const budget = (name: string, allowed: number): PodDisruptionBudget =>
  ({
    metadata: { name, namespace: 'shop' },
    spec: { selector: { matchLabels: { app: name } } },
    status: { disruptionsAllowed: allowed },
  }) as unknown as PodDisruptionBudget;

function victims(world: World, asking = high()): string {
  const found = testCluster(world).preempt(asking);
  return 'victims' in found
    ? `${found.node.name}: ${found.victims.map(({ pod: { metadata } }) => metadata.name).join(' ')}`
    : found.message;
}

const nodes = [node('a'), node('b')];

describe('preemption', () => {
  test.each<[string, World, string]>([
    [
      'the lower of the highest priorities',
      { nodes, pods: [running('x', 'a', { priority: 20 }), running('y', 'b', { priority: 10 })] },
      'b: y',
    ],
    ['the younger, all else equal', { nodes, pods: [running('x', 'a', { day: 1 }), running('y', 'b', { day: 2 })] }, 'b: y'],
    ['the fewer', { nodes, pods: [running('x', 'a', { cpu: '2' }), running('y', 'a', { cpu: '2' }), running('z', 'b')] }, 'b: z'],
    ['those that budgets allow', { nodes, pods: [running('x', 'a', { day: 2 }), running('y', 'b')], budgets: [budget('x', 0)] }, 'b: y'],
    [
      'budgets that allow it change nothing',
      { nodes, pods: [running('x', 'a', { day: 2 }), running('y', 'b')], budgets: [budget('x', 1)] },
      'a: x',
    ],
    ['a budget that is hurt anyway', { nodes: [node('a')], pods: [running('x', 'a')], budgets: [budget('x', 0)] }, 'a: x'],
    [
      'only as many as needed, the least important',
      {
        nodes: [node('a', { allocatable: { cpu: '6' } })],
        pods: [
          running('x', 'a', { cpu: '2', priority: 5 }),
          running('y', 'a', { cpu: '2', priority: 1 }),
          running('z', 'a', { cpu: '2', priority: 3 }),
        ],
      },
      'a: z y',
    ],
    [
      'nobody of lower priority, and where it does not help',
      {
        nodes: [...nodes, node('c', { spec: { unschedulable: true } })],
        pods: [running('x', 'a', { priority: 100 }), running('y', 'b', { priority: 200 })],
      },
      'preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    ],
    [
      'all lower ones together would not do',
      { nodes: [node('a')], pods: [running('x', 'a', { cpu: '2', priority: 200 }), running('y', 'a', { cpu: '1' })] },
      'preemption: 0/1 nodes are available: 1 Insufficient cpu.',
    ],
    [
      'room that is kept for another is no room',
      {
        nodes: [node('a')],
        pods: [running('x', 'a')],
        nominated: {
          a: [pod('other', { cpu: '4', spec: { priority: 500, containers: [{ name: 'c', resources: { requests: { cpu: '4' } } }] } })],
        },
      },
      'preemption: 0/1 nodes are available: 1 Insufficient cpu.',
    ],
  ])('%s', (_what, world, expected) => {
    expect(victims(world)).toBe(expected);
  });

  test('a pod may forbid it to itself', () => {
    const found = testCluster({ nodes, pods: [running('x', 'a'), running('y', 'b')] }).preempt(high({ preemptionPolicy: 'Never' }));
    expect(found).toEqual({ message: 'preemption: not eligible due to preemptionPolicy=Never.', waits: true });
  });

  test('a pod that waits for its victims to go takes no more', () => {
    const leaving = running('x', 'a');
    const dying = {
      ...leaving,
      metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
      status: { ...leaving.status, conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
    };
    const waiting = { ...high(), status: { ...high().status, nominatedNodeName: 'a' } };
    const found = testCluster({ nodes, pods: [dying, running('y', 'b')] }).preempt(waiting);
    expect(found).toEqual({ message: 'preemption: not eligible due to a terminating pod on the nominated node.', waits: true });
  });

  test('anti-affinity: the pod that does not want it near goes', () => {
    const spec = {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'high' } } },
          ],
        },
      },
    };
    const asking = { ...high(), metadata: { ...high().metadata, labels: { app: 'high' } } };
    const world = { nodes: [node('a', { allocatable: { cpu: '8' } })], pods: [pod('x', { on: 'a', spec })] };
    expect(victims(world, asking)).toBe('a: x');
  });
});

import { expect, test } from '@jest/globals';
import type { Pod } from '../../api/generated/types.ts';
import { testPod } from '../testing/pods.ts';
import { isCritical, rank } from './ranking.ts';

function pod(name: string, memory: string, priority = 0): Pod {
  return testPod({ metadata: { name }, spec: { priority, containers: [{ name: 'a', image: 'a', resources: { requests: { memory } } }] } });
}

test('over its request, then least important, then furthest over', () => {
  const order = rank(
    [
      { pod: pod('within', '100'), used: 100 },
      { pod: pod('important', '0', 10), used: 1000 },
      { pod: pod('little-over', '100'), used: 110 },
      { pod: pod('far-over', '0'), used: 90 },
    ],
    'memory',
  );
  expect(order.map((use) => use.pod.metadata.name)).toEqual(['far-over', 'little-over', 'important', 'within']);
});

test('a pod of which nothing is known goes first', () => {
  const order = rank(
    [
      { pod: pod('known', '0'), used: 1 },
      { pod: pod('unknown', '0'), used: undefined },
    ],
    'memory',
  );
  expect(order[0]?.pod.metadata.name).toBe('unknown');
});

test('pods of the system are not evicted', () => {
  expect(isCritical(pod('a', '0', 2_000_000_000))).toBe(true);
  expect(isCritical(pod('a', '0', 1_000_000_000))).toBe(false);
  expect(isCritical(testPod({ metadata: { annotations: { 'kubernetes.io/config.source': 'file' } } }))).toBe(true);
});

import { expect, test } from '@jest/globals';
import type { Deployment, ReplicaSet } from '../../api/generated/types.ts';
import { shrinkOld } from './rollout.ts';

const deployment = (replicas: number) =>
  ({
    spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } },
  }) as unknown as Deployment;

/** The first letter is the age. */
const set = (name: string, replicas: number, availableReplicas: number) =>
  ({
    metadata: { name, creationTimestamp: `2026-01-01T00:00:0${String(name.charCodeAt(0) - 97)}Z` },
    spec: { replicas },
    status: { availableReplicas },
  }) as unknown as ReplicaSet;

const shrunk = (replicas: number, current: ReplicaSet, ...old: ReplicaSet[]): string[] =>
  shrinkOld(deployment(replicas), current, old).map((resize) => `${resize.set.metadata.name} ${String(resize.replicas)}`);

test('broken pods go first, then as many as availability allows', () => {
  expect(shrunk(10, set('c', 3, 3), set('a', 8, 8), set('b', 2, 0))).toEqual(['b 0', 'a 5']);
});

test('while the new pods are not available only broken ones go', () => {
  expect(shrunk(10, set('c', 5, 0), set('a', 8, 8))).toEqual([]);
  expect(shrunk(10, set('c', 3, 0), set('a', 8, 8), set('b', 2, 0))).toEqual(['b 0']);
});

test('a set that was made smaller a moment ago holds the others up until its status says so', () => {
  expect(shrunk(6, set('c', 2, 2), set('a', 4, 8), set('b', 2, 2))).toEqual([]);
  expect(shrunk(6, set('c', 2, 2), set('a', 4, 4), set('b', 2, 2))).toEqual(['a 0']);
});

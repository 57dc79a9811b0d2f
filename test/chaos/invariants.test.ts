import { describe, expect, test } from '@jest/globals';
import type { Deployment, Job, Pod } from '../../src/api/generated/types.ts';
import { miscounted, orphans, type Seen, unsettled, Watchman } from './invariants.ts';

const nothing: Seen = { deployments: [], replicaSets: [], statefulSets: [], daemonSets: [], jobs: [], pods: [], nodes: 1 };

function pod(name: string, uid: string, kind: string, phase = 'Running'): Pod {
  const ownerReferences = [{ kind, name: 'o', uid: 'owner', controller: true, apiVersion: 'v1' }];
  return { metadata: { name, uid, ownerReferences }, spec: { containers: [] }, status: { phase } } as unknown as Pod;
}

function job(succeeded: number): Job {
  return { metadata: { name: 'j', uid: 'owner' }, spec: { completions: 3 }, status: { succeeded } } as unknown as Job;
}

test('what is not as specified is named', () => {
  const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 1 };
  const deployment = { metadata: { name: 'd', generation: 1 }, spec: { replicas: 2 }, status } as unknown as Deployment;
  expect(unsettled({ ...nothing, deployments: [deployment] })).toEqual(['Deployment d: availableReplicas is 1, not 2']);
  expect(unsettled({ ...nothing, deployments: [{ ...deployment, status: { ...status, availableReplicas: 2 } }] })).toEqual([]);
  // Numbers that are nought are left out.
  const none = { ...deployment, spec: { replicas: 0 }, status: { observedGeneration: 1 } } as unknown as Deployment;
  expect(unsettled({ ...nothing, deployments: [none] })).toEqual([]);
});

test('an owner that is gone makes orphans', () => {
  expect(orphans({ ...nothing, pods: [pod('p', '1', 'Job')] })).toEqual(['p has an owner that is gone']);
  expect(orphans({ ...nothing, pods: [pod('p', '1', 'Job')], jobs: [job(0)] })).toEqual([]);
});

test('a Job counts each pod once', () => {
  const pods = [pod('a', '1', 'Job', 'Succeeded'), pod('b', '2', 'Job', 'Failed')];
  const count = (succeeded: number, lost: number): string[] => miscounted({ ...nothing, jobs: [job(succeeded)], pods }, () => lost);
  expect(count(1, 0)).toEqual([]);
  expect(count(2, 0)).toEqual(['Job j counts 2, but 1 of its pods succeeded']);
  expect(count(0, 0)).toEqual(['Job j counts 0, but 1 of its pods succeeded']);
  expect(count(2, 1)).toEqual([]);
  const watchman = new Watchman();
  watchman.pod('DELETED', pod('a', '1', 'Job', 'Succeeded'));
  watchman.pod('DELETED', pod('b', '2', 'Job', 'Failed'));
  expect(watchman.lost('owner')).toBe(1);
});

describe('the watchman', () => {
  test('sees two pods of one name', () => {
    const watchman = new Watchman();
    watchman.pod('ADDED', pod('s-0', '1', 'StatefulSet'));
    watchman.pod('DELETED', pod('s-0', '1', 'StatefulSet'));
    watchman.pod('ADDED', pod('s-0', '2', 'StatefulSet'));
    expect(watchman.violations).toEqual([]);
    watchman.pod('ADDED', pod('s-0', '3', 'StatefulSet'));
    expect(watchman.violations).toEqual(['there were two pods s-0: 2 and 3']);
  });

  test('sees a Job that counts back, or too far', () => {
    const watchman = new Watchman();
    for (const succeeded of [1, 2, 1, 4]) watchman.job(job(succeeded));
    expect(watchman.violations).toEqual(['Job j: succeeded went back from 2 to 1', 'Job j: 4 succeeded, more than asked for']);
  });
});

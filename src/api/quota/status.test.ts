import { expect, test } from '@jest/globals';
import type { ResourceQuota } from '../generated/types.ts';
import type { KubeObject } from '../object.ts';
import { quotaKinds, quotaStatus } from './status.ts';

const quota = (hard: Record<string, string>, scopes: string[] = []): ResourceQuota =>
  ({ metadata: { name: 'q' }, spec: { hard, scopes } }) as unknown as ResourceQuota;
const object = (fields: object): KubeObject => ({ metadata: { name: 'x' }, ...fields }) as unknown as KubeObject;
const pod = (spec: object, status = {}): KubeObject =>
  object({ spec: { containers: [{ name: 'c', resources: { requests: { cpu: '100m' } } }], ...spec }, status });

test('the kinds a quota counts', () => {
  expect(
    quotaKinds(quota({ 'requests.cpu': '1', configmaps: '1', 'count/jobs.batch': '1', 'count/pods': '1', 'count/bindings': '1' })),
  ).toEqual([
    { group: '', resource: 'pods' },
    { group: '', resource: 'configmaps' },
    { group: 'batch', resource: 'jobs' },
    { group: '', resource: 'bindings' },
  ]);
});

test('what is used: pods that have ended only as objects', () => {
  const items = [pod({}), pod({ overhead: { cpu: '10m' } }), pod({}, { phase: 'Succeeded' })];
  const pods = { kind: { group: '', resource: 'pods' }, items };
  const maps = { kind: { group: '', resource: 'configmaps' }, items: [object({}), object({})] };
  expect(
    quotaStatus(quota({ 'requests.cpu': '1', pods: '10', 'count/pods': '10', configmaps: '5', 'limits.cpu': '1' }), [pods, maps], 0),
  ).toEqual({
    hard: { 'requests.cpu': '1', pods: '10', 'count/pods': '10', configmaps: '5', 'limits.cpu': '1' },
    used: { 'requests.cpu': '210m', pods: '2', 'count/pods': '3', configmaps: '2', 'limits.cpu': '0' },
  });
});

test('only what is in scope', () => {
  const pods = { kind: { group: '', resource: 'pods' }, items: [pod({}), pod({ activeDeadlineSeconds: 1 })] };
  expect(quotaStatus(quota({ pods: '10' }, ['Terminating']), [pods], 0).used).toEqual({ pods: '1' });
});

test('pods stuck in deletion are not charged', () => {
  const stuck = pod({});
  Object.assign(stuck.metadata, { deletionTimestamp: '1970-01-01T00:00:10Z', deletionGracePeriodSeconds: 30 });
  const pods = { kind: { group: '', resource: 'pods' }, items: [stuck] };
  expect([0, 40_001].map((now) => quotaStatus(quota({ pods: '10' }), [pods], now).used.pods)).toEqual(['1', '0']);
});

test('devices by class: as many as asked for, all at most, of alternatives the most', () => {
  const requests = [
    { name: 'a', exactly: { deviceClassName: 'gold', allocationMode: 'ExactCount', count: 2 } },
    { name: 'b', exactly: { deviceClassName: 'silver', allocationMode: 'All' } },
    {
      name: 'c',
      firstAvailable: [
        { name: 'x', deviceClassName: 'gold', allocationMode: 'ExactCount', count: 1 },
        { name: 'y', deviceClassName: 'gold', allocationMode: 'ExactCount', count: 3 },
      ],
    },
  ];
  const hard = {
    'count/resourceclaims.resource.k8s.io': '9',
    'gold.deviceclass.resource.k8s.io/devices': '9',
    'silver.deviceclass.resource.k8s.io/devices': '9',
  };
  const kinds = quotaKinds(quota(hard));
  expect(kinds).toEqual([{ group: 'resource.k8s.io', resource: 'resourceclaims' }]);
  const items = [object({ spec: { devices: { requests } } })];
  expect(
    quotaStatus(
      quota(hard),
      kinds.map((kind) => ({ kind, items })),
      0,
    ).used,
  ).toEqual({
    'count/resourceclaims.resource.k8s.io': '1',
    'gold.deviceclass.resource.k8s.io/devices': '5',
    'silver.deviceclass.resource.k8s.io/devices': '32',
  });
});

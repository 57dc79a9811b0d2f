import { expect, test } from '@jest/globals';
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { type TestCluster, testCluster, testContext, testPod } from '../testing/cluster.ts';
import { resourceQuota } from './resource-quota.ts';

const start = (): Promise<TestCluster> => testCluster((deps) => [resourceQuota(deps)]);

/** A quota whose usage has been counted. */
async function quota(cluster: TestCluster, hard: Record<string, string>, spec: object = {}): Promise<KubeObject> {
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
  return cluster.create('resourcequotas', {
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard, ...spec },
    status: { hard, used },
  });
}

async function used(cluster: TestCluster): Promise<unknown> {
  return ((await cluster.store('resourcequotas').get('default', 'q')).object.status as { used: unknown }).used;
}

async function message(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).code).toBe(403);
  return (error as ApiError).message;
}

const asking = (cpu: string, name = 'p'): object => testPod({ containers: [{ name: 'c', resources: { requests: { cpu } } }] }, { name });

test('pods are charged until the quota is used up', async () => {
  await using cluster = await start();
  await quota(cluster, { 'requests.cpu': '1', pods: '5' });
  await cluster.create('pods', asking('600m'));
  expect(await used(cluster)).toEqual({ 'requests.cpu': '600m', pods: '1' });
  expect(await message(cluster.create('pods', asking('600m', 'q')))).toBe(
    'pods "q" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
  );
  expect(await used(cluster)).toEqual({ 'requests.cpu': '600m', pods: '1' });
});

test('many at once do not get more than there is', async () => {
  await using cluster = await start();
  await quota(cluster, { pods: '3' });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, at) => cluster.create('pods', testPod({}, { name: `p${at}` }))));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(await used(cluster)).toEqual({ pods: '3' });
});

test('a quota of cpu wants every container to say what it needs', async () => {
  await using cluster = await start();
  await quota(cluster, { 'limits.cpu': '1', memory: '1Gi' });
  expect(await message(cluster.create('pods', testPod()))).toBe(
    'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: c; memory for: c',
  );
});

test('nothing passes a quota that has not been counted yet', async () => {
  await using cluster = await start();
  await cluster.create('resourcequotas', { metadata: { name: 'q', namespace: 'default' }, spec: {}, status: { hard: { pods: '1' } } });
  expect(await message(cluster.create('pods', testPod()))).toBe('pods "p" is forbidden: status unknown for quota: q, resources: pods');
});

test('a dry run is checked and not charged', async () => {
  await using cluster = await start();
  await quota(cluster, { pods: '1' });
  await cluster.store('pods').create('default', testPod() as KubeObject, { ...testContext, dryRun: true });
  expect(await used(cluster)).toEqual({ pods: '0' });
});

test('other kinds are counted', async () => {
  await using cluster = await start();
  await quota(cluster, { configmaps: '1', 'count/ingresses.networking.k8s.io': '1' });
  const map = (name: string): object => ({ metadata: { name, namespace: 'default' } });
  await cluster.create('configmaps', map('a'));
  await cluster.create('ingresses', map('a'));
  expect(await message(cluster.create('configmaps', map('b')))).toContain(
    'exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
  );
  expect(await message(cluster.create('ingresses', map('b')))).toContain('count/ingresses.networking.k8s.io=1');
});

test('an update is charged with what it adds', async () => {
  await using cluster = await start();
  await quota(cluster, { 'services.nodeports': '2' });
  const made = await cluster.create('services', {
    metadata: { name: 's', namespace: 'default' },
    spec: { ports: [{ port: 1 }, { port: 2 }] },
  });
  const open = await cluster.update('services', { ...made, spec: { type: 'NodePort', ports: [{ port: 1 }, { port: 2 }] } });
  expect(await used(cluster)).toEqual({ 'services.nodeports': '2' });
  expect(
    await message(cluster.update('services', { ...open, spec: { type: 'NodePort', ports: [{ port: 1 }, { port: 2 }, { port: 3 }] } })),
  ).toContain('requested: services.nodeports=1, used: services.nodeports=2');
});

test.each([
  [{ scopes: ['BestEffort'] }, {}, true],
  [{ scopes: ['BestEffort'] }, { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }, false],
  [{ scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 }, true],
  [{ scopes: ['NotTerminating'] }, { activeDeadlineSeconds: 5 }, false],
  [
    { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
    { priorityClassName: 'high' },
    true,
  ],
  [{ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } }, {}, false],
  [{ scopes: ['CrossNamespacePodAffinity'] }, {}, false],
])('scopes %j and a pod with %j', async (spec, pod, counts) => {
  await using cluster = await start();
  await quota(cluster, { pods: '5' }, spec);
  await cluster.create('pods', testPod(pod));
  expect(await used(cluster)).toEqual({ pods: counts ? '1' : '0' });
});

test('claims are charged for storage, also by class', async () => {
  await using cluster = await start();
  await quota(cluster, { 'requests.storage': '10Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '2Gi' });
  const claim = (storage: string): object => ({
    metadata: { name: 'c', namespace: 'default' },
    spec: { storageClassName: 'fast', resources: { requests: { storage } } },
  });
  expect(await message(cluster.create('persistentvolumeclaims', claim('3Gi')))).toContain(
    'limited: fast.storageclass.storage.k8s.io/requests.storage=2Gi',
  );
  await cluster.create('persistentvolumeclaims', claim('1Gi'));
  expect(await used(cluster)).toEqual({ 'requests.storage': '1Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '1Gi' });
});

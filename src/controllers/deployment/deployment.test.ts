import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../../api/errors.ts';
import type { Deployment, Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import { replicaSetController } from '../replicaset/index.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { deploymentController } from './index.ts';

const both = [deploymentController, replicaSetController];

function web(replicas: number, spec: object = {}): object {
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'web', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 2,
      ...spec,
    },
    status: {},
  };
}

const deployment = (bench: Bench): Deployment => bench.client.peek(refs.deployments, 'shop/web') as Deployment;
const sets = (bench: Bench) =>
  bench.client.all(refs.replicaSets).map((set) => ({
    image: set.spec.template?.spec?.containers[0]?.image,
    replicas: set.spec.replicas,
    revision: set.metadata.annotations?.['deployment.kubernetes.io/revision'],
  }));
const livePods = (bench: Bench): Pod[] => bench.client.all(refs.pods).filter((pod) => pod.metadata.deletionTimestamp === undefined);

async function makeReady(bench: Bench, which: (pod: Pod) => boolean = () => true): Promise<void> {
  for (const pod of livePods(bench).filter(which)) {
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(bench.clock.now()) }];
    await bench.client.resource(refs.pods).updateStatus({ ...pod, status: { phase: 'Running', conditions } });
  }
  await bench.settle();
}

async function patch(bench: Bench, body: object): Promise<void> {
  await bench.client.resource(refs.deployments).patch('shop', 'web', { type: 'application/merge-patch+json', body });
  await bench.settle();
}
const setImage = (bench: Bench, image: string): Promise<void> =>
  patch(bench, { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });
const condition = (bench: Bench, type: string) => deployment(bench).status.conditions?.find((one) => one.type === type);
const events = (bench: Bench): string[] => bench.client.all(refs.events).map((event) => `${event.reason ?? ''}: ${event.message ?? ''}`);

describe('deployment', () => {
  test('makes a ReplicaSet, which makes pods; status and conditions follow them', async () => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(3)) });
    const [set] = bench.client.all(refs.replicaSets);
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    expect(set).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        annotations: {
          'deployment.kubernetes.io/revision': '1',
          'deployment.kubernetes.io/desired-replicas': '3',
          'deployment.kubernetes.io/max-replicas': '4',
        },
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'web', controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: { replicas: 3, selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } } },
    });
    expect(bench.client.all(refs.pods)).toHaveLength(3);
    expect(bench.client.all(refs.pods)[0]).toMatchObject({ metadata: { labels: { app: 'web', 'pod-template-hash': hash } } });
    expect(condition(bench, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: `ReplicaSet "web-${hash}" is progressing.`,
    });
    expect(condition(bench, 'Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' });
    await makeReady(bench);
    expect(deployment(bench).status).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      terminatingReplicas: 0,
    });
    expect(condition(bench, 'Progressing')).toMatchObject({
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "web-${hash}" has successfully progressed.`,
    });
    expect(condition(bench, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    expect(deployment(bench).metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    expect(events(bench)).toContain(`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`);
  });

  test('rolls on without ever having fewer than minAvailable or more than maxSurge allows', async () => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(4)) });
    await makeReady(bench);
    await setImage(bench, 'v2');
    expect(sets(bench)).toEqual([
      { image: 'v1', replicas: 3, revision: '1' },
      { image: 'v2', replicas: 2, revision: '2' },
    ]);
    for (let step = 0; step < 6; step += 1) {
      await makeReady(bench, (pod) => pod.spec.containers[0]?.image === 'v2');
      const ready = livePods(bench).filter((pod) => pod.status?.conditions?.[0]?.status === 'True');
      expect(ready.length).toBeGreaterThanOrEqual(3);
      expect(livePods(bench).length).toBeLessThanOrEqual(5);
    }
    expect(sets(bench)).toEqual([
      { image: 'v1', replicas: 0, revision: '1' },
      { image: 'v2', replicas: 4, revision: '2' },
    ]);
    expect(deployment(bench).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
  });

  test('a broken version leaves the old pods serving; going back reuses the old ReplicaSet with a new revision', async () => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(4)) });
    await makeReady(bench);
    await setImage(bench, 'broken');
    await bench.clock.advance(602_000);
    await bench.settle();
    expect(condition(bench, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(livePods(bench).filter((pod) => pod.spec.containers[0]?.image === 'v1')).toHaveLength(3);
    await setImage(bench, 'v1');
    await makeReady(bench);
    expect(sets(bench)).toEqual([
      { image: 'v1', replicas: 4, revision: '3' },
      { image: 'broken', replicas: 0, revision: '2' },
    ]);
    const history = bench.client.all(refs.replicaSets)[0]?.metadata.annotations?.['deployment.kubernetes.io/revision-history'];
    expect(history).toBe('1');
  });

  test('Recreate waits until the old pods are gone', async () => {
    await using bench = await startBench(both, {
      seed: (client) => void client.seed(refs.deployments, web(2, { strategy: { type: 'Recreate' } })),
    });
    for (const pod of livePods(bench))
      await bench.client.resource(refs.pods).createSubresource('shop', pod.metadata.name, 'binding', { target: { name: 'n1' } });
    await makeReady(bench);
    await setImage(bench, 'v2');
    expect(bench.client.all(refs.pods).every((pod) => pod.metadata.deletionTimestamp !== undefined)).toBe(true);
    expect(sets(bench)).toHaveLength(1);
    for (const pod of bench.client.all(refs.pods)) bench.client.remove(refs.pods as never, `shop/${pod.metadata.name}`);
    await bench.settle();
    expect(livePods(bench).map((pod) => pod.spec.containers[0]?.image)).toEqual(['v2', 'v2']);
  });

  test('paused: a new template waits, scaling goes on', async () => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(2)) });
    await makeReady(bench);
    await patch(bench, { spec: { paused: true } });
    expect(condition(bench, 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
    await setImage(bench, 'v2');
    await patch(bench, { spec: { replicas: 3 } });
    expect(sets(bench)).toMatchObject([{ image: 'v1', replicas: 3 }]);
    await patch(bench, { spec: { paused: false } });
    expect(sets(bench).map(({ image }) => image)).toEqual(['v1', 'v2']);
  });

  test('scaling in the middle of a rollout is shared in proportion', async () => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(8)) });
    await makeReady(bench);
    await setImage(bench, 'v2');
    expect(sets(bench).map(({ replicas }) => replicas)).toEqual([6, 4]);
    await patch(bench, { spec: { replicas: 16 } });
    expect(sets(bench).map(({ replicas }) => replicas)).toEqual([12, 8]);
  });

  test('empty old ReplicaSets beyond the history limit go, oldest first', async () => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(1)) });
    for (const image of ['v2', 'v3', 'v4', 'v5']) {
      await setImage(bench, image);
      await makeReady(bench);
      await makeReady(bench);
    }
    expect(sets(bench).map(({ image }) => image)).toEqual(['v3', 'v4', 'v5']);
  });

  test('a name taken by a strange ReplicaSet makes another hash', async () => {
    await using probe = await startBench([deploymentController], { seed: (client) => void client.seed(refs.deployments, web(1)) });
    const name = probe.client.all(refs.replicaSets)[0]?.metadata.name ?? '';
    await using bench = await startBench([deploymentController], {
      seed: (client) => {
        client.seed(refs.deployments, web(1));
        client.seed(refs.replicaSets, {
          metadata: { name, namespace: 'shop', labels: { other: 'x' } },
          spec: { replicas: 0, selector: {}, template: {} },
          status: { replicas: 0 },
        });
      },
    });
    await bench.clock.advance(10);
    await bench.settle();
    expect(deployment(bench).status.collisionCount).toBe(1);
    expect(bench.client.all(refs.replicaSets)).toHaveLength(2);
  });

  test.each([
    ['0', 'v2', 'DeploymentRollback: Rolled back deployment "web" to revision 2'],
    ['1', 'v1', 'DeploymentRollback: Rolled back deployment "web" to revision 1'],
    ['3', 'v3', 'DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"'],
    ['9', 'v3', 'DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.'],
  ])('the rollback annotation %s leads to %s', async (revision, image, event) => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(1)) });
    for (const next of ['v2', 'v3']) await setImage(bench, next);
    await patch(bench, { metadata: { annotations: { 'deprecated.deployment.rollback.to': revision } } });
    expect(deployment(bench).spec.template.spec?.containers[0]?.image).toBe(image);
    expect(deployment(bench).metadata.annotations?.['deprecated.deployment.rollback.to']).toBeUndefined();
    expect(events(bench)).toContain(event);
  });

  test('a new revision of an old ReplicaSet changes its annotations only', async () => {
    await using bench = await startBench([deploymentController], { seed: (client) => void client.seed(refs.deployments, web(0)) });
    for (const image of ['v2', 'v1']) await setImage(bench, image);
    const first = bench.client.all(refs.replicaSets)[0];
    expect(first?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
    expect(first?.metadata.generation).toBe(1);
  });

  test('in a namespace that goes away it gives up quietly', async () => {
    await using bench = await startBench([deploymentController]);
    const details = { causes: [{ reason: 'NamespaceTerminating', message: 'namespace shop is being terminated' }] };
    bench.client.fail = (action) => (action.resource === 'replicasets' ? new ApiError('Forbidden', 'no', { details }) : undefined);
    bench.client.seed(refs.deployments, web(1));
    await bench.settle();
    const tries = bench.client.actions.length;
    await bench.clock.advance(60_000);
    await bench.settle();
    expect(bench.client.actions).toHaveLength(tries);
    expect(events(bench)).toEqual([]);
  });

  test('idle: nothing is written once all is well', async () => {
    await using bench = await startBench(both, { seed: (client) => void client.seed(refs.deployments, web(3)) });
    await makeReady(bench);
    const writes = bench.client.actions.length;
    await bench.clock.advance(3_600_000);
    await bench.settle();
    expect(bench.client.actions).toHaveLength(writes);
  });
});

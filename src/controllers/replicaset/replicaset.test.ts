import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../../api/errors.ts';
import type { Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { replicaSetController } from './index.ts';
import { replicationController } from './replication-controller.ts';

const set = (replicas: number, spec: object = {}, uid = 'rs'): object => ({
  metadata: { name: 'web', namespace: 'shop', uid, generation: 1 },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
    ...spec,
  },
  status: { replicas: 0 },
});
const ready = (bench: Bench, pod: Pod): Promise<Pod> =>
  bench.client.resource(refs.pods).updateStatus({
    ...pod,
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(bench.clock.now()) }] },
  });
const status = (bench: Bench) => bench.client.peek(refs.replicaSets, 'shop/web')?.status;
const scaleTo = async (bench: Bench, replicas: number): Promise<void> => {
  await bench.client
    .resource(refs.replicaSets)
    .patch('shop', 'web', { type: 'application/merge-patch+json', body: { spec: { replicas } } });
  await bench.settle();
};

describe('replicaset', () => {
  test('never creates twice while its cache does not show its own pods', async () => {
    const held: (() => void)[] = [];
    let holding = false;
    await using bench = await startBench([replicaSetController], {
      seed: (client) => void client.seed(refs.replicaSets, set(3)),
      deliver: (send, resource) => void (holding && resource === 'pods' ? held.push(send) : send()),
    });
    holding = true;
    await scaleTo(bench, 5);
    expect(bench.client.all(refs.pods)).toHaveLength(5);
    await scaleTo(bench, 6);
    expect(bench.client.all(refs.pods)).toHaveLength(5);
    holding = false;
    held.splice(0).forEach((send) => send());
    await bench.settle();
    expect(bench.client.all(refs.pods)).toHaveLength(6);
    expect(status(bench)).toMatchObject({ replicas: 6 });
  });

  test('never deletes twice while its cache does not show its own deletions', async () => {
    const held: (() => void)[] = [];
    let holding = false;
    await using bench = await startBench([replicaSetController], {
      seed: (client) => void client.seed(refs.replicaSets, set(5)),
      deliver: (send, resource) => void (holding && resource === 'pods' ? held.push(send) : send()),
    });
    holding = true;
    await scaleTo(bench, 3);
    expect(bench.client.all(refs.pods)).toHaveLength(3);
    await scaleTo(bench, 2);
    expect(bench.client.all(refs.pods)).toHaveLength(3);
    held.splice(0).forEach((send) => send());
    await bench.settle();
    expect(bench.client.all(refs.pods)).toHaveLength(2);
  });

  test('replaces failed and deleted pods', async () => {
    await using bench = await startBench([replicaSetController], { seed: (client) => void client.seed(refs.replicaSets, set(2)) });
    const [first, second] = bench.client.all(refs.pods);
    await bench.client.resource(refs.pods).updateStatus({ ...(first as Pod), status: { phase: 'Failed' } });
    await bench.client.resource(refs.pods).delete('shop', second?.metadata.name ?? '');
    await bench.settle();
    expect(bench.client.all(refs.pods).filter((pod) => pod.status?.phase !== 'Failed')).toHaveLength(2);
  });

  test('adopts matching orphans and lets go of what no longer matches', async () => {
    await using bench = await startBench([replicaSetController], {
      seed: (client) => {
        client.seed(refs.replicaSets, set(1));
        client.seed(refs.pods, {
          metadata: { name: 'orphan', namespace: 'shop', labels: { app: 'web' } },
          spec: { containers: [] },
          status: {},
        });
        client.seed(refs.pods, {
          metadata: { name: 'elsewhere', namespace: 'other', labels: { app: 'web' } },
          spec: { containers: [] },
          status: {},
        });
      },
    });
    expect(bench.client.all(refs.pods)).toHaveLength(2);
    expect(bench.client.peek(refs.pods, 'shop/orphan')?.metadata.ownerReferences).toMatchObject([{ uid: 'rs', controller: true }]);
    await bench.client
      .resource(refs.pods)
      .patch('shop', 'orphan', { type: 'application/merge-patch+json', body: { metadata: { labels: { app: 'debug' } } } });
    await bench.settle();
    expect(bench.client.peek(refs.pods, 'shop/orphan')?.metadata.ownerReferences).toBeUndefined();
    expect(bench.client.all(refs.pods)).toHaveLength(3);
  });

  test('a refused creation shows as ReplicaFailure and event, costs few calls, and is tried again', async () => {
    await using bench = await startBench([replicaSetController]);
    bench.client.fail = (action) =>
      action.resource === 'pods' ? new ApiError('Forbidden', 'pods "web-" is forbidden: exceeded quota') : undefined;
    bench.client.seed(refs.replicaSets, set(20));
    await bench.settle();
    // One call a round; writing the condition makes the second round.
    expect(bench.client.actions.filter((action) => action.resource === 'pods')).toHaveLength(2);
    expect(status(bench)?.conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'pods "web-" is forbidden: exceeded quota' },
    ]);
    expect(bench.client.all(refs.events)).toMatchObject([
      { type: 'Warning', reason: 'FailedCreate', message: 'Error creating: pods "web-" is forbidden: exceeded quota' },
    ]);
    bench.client.fail = () => undefined;
    await bench.clock.advance(1000);
    await bench.settle();
    expect(bench.client.all(refs.pods)).toHaveLength(20);
    expect(status(bench)?.conditions).toBeUndefined();
  });

  test('a pod counts as available only after minReadySeconds', async () => {
    await using bench = await startBench([replicaSetController], {
      seed: (client) => void client.seed(refs.replicaSets, set(1, { minReadySeconds: 10 })),
    });
    await ready(bench, bench.client.all(refs.pods)[0] as Pod);
    await bench.settle();
    expect(status(bench)).toMatchObject({ readyReplicas: 1 });
    expect(status(bench)?.availableReplicas).toBeUndefined();
    await bench.clock.advance(10_000);
    await bench.settle();
    expect(status(bench)).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
  });

  test('scaling down takes unscheduled and unready pods first and counts the terminating', async () => {
    await using bench = await startBench([replicaSetController], { seed: (client) => void client.seed(refs.replicaSets, set(4)) });
    const pods = bench.client.all(refs.pods);
    for (const pod of pods.slice(1))
      await bench.client.resource(refs.pods).createSubresource('shop', pod.metadata.name, 'binding', { target: { name: 'n1' } });
    for (const pod of pods.slice(2)) await ready(bench, bench.client.peek(refs.pods, `shop/${pod.metadata.name}`) as Pod);
    await scaleTo(bench, 2);
    const left = bench.client.all(refs.pods).filter((pod) => pod.metadata.deletionTimestamp === undefined);
    expect(left.map((pod) => pod.metadata.name).sort()).toEqual(
      pods
        .slice(2)
        .map((pod) => pod.metadata.name)
        .sort(),
    );
    expect(status(bench)).toMatchObject({ replicas: 2, terminatingReplicas: 1 });
  });

  test('one being deleted leaves its pods to the garbage collector', async () => {
    await using bench = await startBench([replicaSetController], { seed: (client) => void client.seed(refs.replicaSets, set(2)) });
    await bench.client.resource(refs.replicaSets).delete('shop', 'web', { propagationPolicy: 'Foreground' });
    for (const pod of bench.client.all(refs.pods)) await bench.client.resource(refs.pods).delete('shop', pod.metadata.name);
    await bench.settle();
    expect(bench.client.all(refs.pods)).toHaveLength(0);
  });

  test('3000 pods', async () => {
    await using bench = await startBench([replicaSetController], { seed: (client) => void client.seed(refs.replicaSets, set(3000)) });
    for (let round = 0; round < 20 && bench.client.all(refs.pods).length < 3000; round += 1) await bench.settle();
    expect(bench.client.all(refs.pods)).toHaveLength(3000);
    expect(status(bench)).toMatchObject({ replicas: 3000 });
  });
});

test('a ReplicationController is kept by the same loop', async () => {
  const rc = {
    metadata: { name: 'old', namespace: 'shop', uid: 'rc', generation: 1 },
    spec: { replicas: 2, selector: { app: 'web' }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } },
    status: { replicas: 0 },
  };
  await using bench = await startBench([replicationController], { seed: (client) => void client.seed(refs.replicationControllers, rc) });
  expect(bench.client.all(refs.pods)).toHaveLength(2);
  expect(bench.client.all(refs.pods)[0]?.metadata.ownerReferences).toMatchObject([
    { apiVersion: 'v1', kind: 'ReplicationController', uid: 'rc' },
  ]);
  expect(bench.client.peek(refs.replicationControllers, 'shop/old')?.status).toEqual({
    replicas: 2,
    fullyLabeledReplicas: 2,
    observedGeneration: 1,
  });
});

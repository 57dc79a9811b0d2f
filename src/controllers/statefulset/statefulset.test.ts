import { describe, expect, test } from '@jest/globals';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { statefulSetController } from './index.ts';

function database(spec: object = {}): object {
  return {
    metadata: { name: 'db', namespace: 'shop', uid: 'db', generation: 1 },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } },
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
      ...spec,
    },
    status: { replicas: 0, availableReplicas: 0 },
  };
}

const claimTemplate = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };

const start = (spec: object = {}): Promise<Bench> =>
  startBench([statefulSetController], { seed: (client) => void client.seed(refs.statefulSets, database(spec)) });
const set = (bench: Bench): StatefulSet => bench.client.peek(refs.statefulSets, 'shop/db') as StatefulSet;
const pod = (bench: Bench, ordinal: number): Pod | undefined => bench.client.peek(refs.pods, `shop/db-${String(ordinal)}`);
const claimOf = (bench: Bench, ordinal: number): PersistentVolumeClaim | undefined =>
  bench.client.peek(refs.persistentVolumeClaims, `shop/data-db-${String(ordinal)}`);
const names = (bench: Bench): string[] =>
  bench.client
    .all(refs.pods)
    .map(({ metadata }) => `${metadata.name}${metadata.deletionTimestamp === undefined ? '' : ' going'}`)
    .sort();
const images = (bench: Bench): (string | undefined)[] =>
  bench.client
    .all(refs.pods)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map(({ spec }) => spec.containers[0]?.image);
const events = (bench: Bench): string[] => bench.client.all(refs.events).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
const revisions = (bench: Bench): ControllerRevision[] => bench.client.all(refs.controllerRevisions);

async function run(bench: Bench, ordinal: number, status = 'True'): Promise<void> {
  let found = pod(bench, ordinal);
  if (found === undefined) throw new Error(`no pod ${String(ordinal)}`);
  if (found.spec.nodeName === undefined) {
    await bench.client.resource(refs.pods).createSubresource('shop', found.metadata.name, 'binding', { target: { name: 'n1' } });
    found = pod(bench, ordinal) ?? found;
  }
  const conditions = [{ type: 'Ready', status, lastTransitionTime: rfc3339(bench.clock.now()) }];
  await bench.client.resource(refs.pods).updateStatus({ ...found, status: { phase: 'Running', conditions } });
  await bench.settle();
}

async function runAll(bench: Bench, count = 3): Promise<void> {
  for (let ordinal = 0; ordinal < count; ordinal += 1) await run(bench, ordinal);
}

async function end(bench: Bench, ordinal: number): Promise<void> {
  bench.client.remove(refs.pods, `shop/db-${String(ordinal)}`);
  await bench.settle();
}

async function change(bench: Bench, spec: object): Promise<void> {
  await bench.client.resource(refs.statefulSets).patch('shop', 'db', { type: 'application/merge-patch+json', body: { spec } });
  await bench.settle();
}
const setImage = (bench: Bench, image: string): Promise<void> =>
  change(bench, { template: { spec: { containers: [{ name: 'c', image }] } } });

describe('making replicas', () => {
  test('in order, each when the one before is ready, with the names and labels of its ordinal', async () => {
    await using bench = await start();
    expect(names(bench)).toEqual(['db-0']);
    const [revision] = revisions(bench);
    expect(pod(bench, 0)).toMatchObject({
      metadata: {
        labels: {
          app: 'db',
          'statefulset.kubernetes.io/pod-name': 'db-0',
          'apps.kubernetes.io/pod-index': '0',
          'controller-revision-hash': revision?.metadata.name,
        },
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'db', controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: { hostname: 'db-0', subdomain: 'db' },
    });
    await run(bench, 0, 'False');
    expect(names(bench)).toEqual(['db-0']);
    await run(bench, 0);
    expect(names(bench)).toEqual(['db-0', 'db-1']);
    await run(bench, 1);
    await run(bench, 2);
    expect(set(bench).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision?.metadata.name,
      updateRevision: revision?.metadata.name,
      collisionCount: 0,
    });
    expect(events(bench)).toContain('SuccessfulCreate: Create Pod db-2 in StatefulSet db successful');
  });

  test('all at once when Parallel', async () => {
    await using bench = await start({ podManagementPolicy: 'Parallel', replicas: 5 });
    expect(names(bench)).toEqual(['db-0', 'db-1', 'db-2', 'db-3', 'db-4']);
  });

  test('from the start ordinal', async () => {
    await using bench = await start({ podManagementPolicy: 'Parallel', ordinals: { start: 4 }, replicas: 2 });
    expect(names(bench)).toEqual(['db-4', 'db-5']);
    await run(bench, 4);
    await run(bench, 5);
    await change(bench, { ordinals: { start: 5 } });
    expect(names(bench)).toEqual(['db-4 going', 'db-5', 'db-6']);
  });

  test('the next waits for minReadySeconds', async () => {
    await using bench = await start({ minReadySeconds: 10 });
    await run(bench, 0);
    expect(names(bench)).toEqual(['db-0']);
    expect(set(bench).status).toEqual(expect.objectContaining({ readyReplicas: 1, availableReplicas: 0 }));
    await bench.clock.advance(10_000);
    await bench.settle();
    expect(names(bench)).toEqual(['db-0', 'db-1']);
    expect(set(bench).status.availableReplicas).toBe(1);
  });

  test('a failed pod is replaced by one of its name, after it is gone', async () => {
    await using bench = await start();
    await runAll(bench);
    const before = pod(bench, 1);
    await bench.client.resource(refs.pods).updateStatus({ ...(before as Pod), status: { phase: 'Failed' } });
    await bench.settle();
    expect(names(bench)).toEqual(['db-0', 'db-1 going', 'db-2']);
    await end(bench, 1);
    expect(pod(bench, 1)?.metadata.uid).not.toBe(before?.metadata.uid);
    expect(names(bench)).toEqual(['db-0', 'db-1', 'db-2']);
  });

  test('orphans of its names are adopted, pods of other names released', async () => {
    await using bench = await startBench([statefulSetController], {
      seed: (client) => {
        client.seed(refs.statefulSets, database({ podManagementPolicy: 'Parallel' }));
        const labels = { app: 'db' };
        const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'db', controller: true }];
        client.seed(refs.pods, { metadata: { name: 'db-1', namespace: 'shop', labels, uid: 'orphan' }, spec: { containers: [] } });
        client.seed(refs.pods, { metadata: { name: 'other', namespace: 'shop', labels, ownerReferences }, spec: { containers: [] } });
      },
    });
    expect(pod(bench, 1)?.metadata).toMatchObject({ uid: 'orphan', ownerReferences: [{ uid: 'db' }] });
    expect(pod(bench, 1)?.metadata.labels?.['statefulset.kubernetes.io/pod-name']).toBe('db-1');
    expect(bench.client.peek<Pod>(refs.pods, 'shop/other')?.metadata.ownerReferences ?? []).toEqual([]);
    expect(names(bench)).toEqual(['db-0', 'db-1', 'db-2', 'other']);
  });
});

describe('scaling down', () => {
  test('from the last, one at a time', async () => {
    await using bench = await start();
    await runAll(bench);
    await change(bench, { replicas: 1 });
    expect(names(bench)).toEqual(['db-0', 'db-1', 'db-2 going']);
    await end(bench, 2);
    expect(names(bench)).toEqual(['db-0', 'db-1 going']);
    await end(bench, 1);
    expect(set(bench).status.replicas).toBe(1);
  });

  test('waits while an earlier replica is not ready', async () => {
    await using bench = await start();
    await runAll(bench);
    await run(bench, 0, 'False');
    await change(bench, { replicas: 1 });
    expect(names(bench)).toEqual(['db-0', 'db-1', 'db-2']);
    await run(bench, 0);
    expect(names(bench)).toEqual(['db-0', 'db-1', 'db-2 going']);
  });

  test('Parallel: all of them', async () => {
    await using bench = await start({ podManagementPolicy: 'Parallel' });
    await runAll(bench);
    await change(bench, { replicas: 0 });
    expect(names(bench)).toEqual(['db-0 going', 'db-1 going', 'db-2 going']);
  });
});

describe('rolling update', () => {
  test('from the last, each after the one before is ready again; then the revision is current', async () => {
    await using bench = await start();
    await runAll(bench);
    const before = set(bench).status.currentRevision;
    await setImage(bench, 'v2');
    for (const ordinal of [2, 1, 0]) {
      expect(names(bench).filter((name) => name.endsWith('going'))).toEqual([`db-${String(ordinal)} going`]);
      expect(set(bench).status).toMatchObject({ currentRevision: before, ...(ordinal === 2 ? {} : { updatedReplicas: 2 - ordinal }) });
      await end(bench, ordinal);
      await run(bench, ordinal);
    }
    expect(images(bench)).toEqual(['v2', 'v2', 'v2']);
    const { currentRevision, updateRevision, currentReplicas } = set(bench).status;
    expect(currentRevision).toBe(updateRevision);
    expect(currentRevision).not.toBe(before);
    expect(currentReplicas).toBe(3);
    expect(revisions(bench).map(({ revision }) => revision)).toEqual([1, 2]);
  });

  test('a partition keeps those below on the current revision, also when they are made anew', async () => {
    await using bench = await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
    await runAll(bench);
    await setImage(bench, 'v2');
    await end(bench, 2);
    await run(bench, 2);
    expect(images(bench)).toEqual(['v1', 'v1', 'v2']);
    await bench.client.resource(refs.pods).delete('shop', 'db-0');
    await end(bench, 0);
    await run(bench, 0);
    expect(images(bench)).toEqual(['v1', 'v1', 'v2']);
    expect(set(bench).status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
  });

  test('stops at a replica that does not become ready', async () => {
    await using bench = await start();
    await runAll(bench);
    await setImage(bench, 'broken');
    await end(bench, 2);
    await run(bench, 2, 'False');
    await bench.clock.advance(3_600_000);
    await bench.settle();
    expect(images(bench)).toEqual(['v1', 'v1', 'broken']);
  });

  test('maxUnavailable: several at a time', async () => {
    const rollingUpdate = { partition: 0, maxUnavailable: 2 };
    await using bench = await start({ podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
    await runAll(bench);
    await setImage(bench, 'v2');
    expect(names(bench)).toEqual(['db-0', 'db-1 going', 'db-2 going']);
  });

  test('OnDelete: only what is deleted comes back anew', async () => {
    await using bench = await start({ updateStrategy: { type: 'OnDelete' } });
    await runAll(bench);
    await setImage(bench, 'v2');
    expect(names(bench)).toEqual(['db-0', 'db-1', 'db-2']);
    await bench.client.resource(refs.pods).delete('shop', 'db-1');
    await end(bench, 1);
    expect(images(bench)).toEqual(['v1', 'v2', 'v1']);
  });

  test('going back makes the old revision the newest again', async () => {
    await using bench = await start();
    await runAll(bench);
    const [first] = revisions(bench);
    await setImage(bench, 'v2');
    await setImage(bench, 'v1');
    expect(revisions(bench).find(({ metadata }) => metadata.name === first?.metadata.name)?.revision).toBe(3);
    expect(set(bench).status.updateRevision).toBe(first?.metadata.name);
  });

  test('revisions beyond the limit that no pod is of go, oldest first', async () => {
    await using bench = await start({ replicas: 1, revisionHistoryLimit: 1 });
    await run(bench, 0);
    for (const image of ['v2', 'v3', 'v4']) {
      await setImage(bench, image);
      await end(bench, 0);
      await run(bench, 0);
    }
    expect(revisions(bench).map(({ revision }) => revision)).toEqual([3, 4]);
  });

  test('a name taken by another template makes another hash', async () => {
    await using probe = await start();
    const [taken] = revisions(probe);
    await using bench = await startBench([statefulSetController], {
      seed: (client) => {
        client.seed(refs.statefulSets, database());
        client.seed(refs.controllerRevisions, { metadata: { name: taken?.metadata.name, namespace: 'shop' }, data: {}, revision: 1 });
      },
    });
    expect(set(bench).status.collisionCount).toBe(1);
    expect(set(bench).status.updateRevision).not.toBe(taken?.metadata.name);
  });
});

describe('claims', () => {
  test('are made of the templates before the pod, and stay', async () => {
    await using bench = await start({ volumeClaimTemplates: [claimTemplate] });
    expect(claimOf(bench, 0)).toMatchObject({
      metadata: { labels: { app: 'db' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect(claimOf(bench, 0)?.metadata.ownerReferences).toBeUndefined();
    expect(pod(bench, 0)?.spec.volumes).toEqual([{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }]);
    expect(claimOf(bench, 1)).toBeUndefined();
    expect(events(bench)).toContain('SuccessfulCreate: Create Claim data-db-0 Pod db-0 in StatefulSet db success');
  });

  test('a deleted claim of a pending pod comes back; one that is being deleted holds the pod up', async () => {
    await using bench = await start({ volumeClaimTemplates: [claimTemplate] });
    bench.client.remove(refs.persistentVolumeClaims, 'shop/data-db-0');
    await bench.settle();
    expect(claimOf(bench, 0)).toBeDefined();
    await run(bench, 0);
    const finalizers = ['kubernetes.io/pvc-protection'];
    const patch = { type: 'application/merge-patch+json', body: { metadata: { finalizers } } } as const;
    await bench.client.resource(refs.persistentVolumeClaims).patch('shop', 'data-db-0', patch);
    await bench.client.resource(refs.persistentVolumeClaims).delete('shop', 'data-db-0');
    await bench.client.resource(refs.pods).delete('shop', 'db-0');
    await end(bench, 0);
    expect(pod(bench, 0)).toBeUndefined();
    expect(events(bench)).toContain('FailedCreate: Create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted');
    bench.client.remove(refs.persistentVolumeClaims, 'shop/data-db-0');
    await bench.settle();
    expect(pod(bench, 0)).toBeDefined();
  });

  test('whenDeleted Delete: the set owns them; whenScaled Delete: the pod does once it is too many', async () => {
    await using bench = await start({
      volumeClaimTemplates: [claimTemplate],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    });
    await runAll(bench);
    // They are made so, not changed after somebody has seen them.
    expect(bench.client.actions.filter(({ verb, resource }) => verb === 'update' && resource === 'persistentvolumeclaims')).toEqual([]);
    expect(claimOf(bench, 2)?.metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet', uid: 'db', controller: true }]);
    await change(bench, { replicas: 2 });
    expect(claimOf(bench, 2)?.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name: 'db-2', uid: pod(bench, 2)?.metadata.uid }]);
    expect(claimOf(bench, 1)?.metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet' }]);
    // Scaled up again before the collector came: the new pod waits until the claim of the old one is gone.
    await end(bench, 2);
    await change(bench, { replicas: 3 });
    expect(pod(bench, 2)).toBeUndefined();
    bench.client.remove(refs.persistentVolumeClaims, 'shop/data-db-2');
    await bench.settle();
    expect(pod(bench, 2)).toBeDefined();
  });

  test('a claim managed by someone else is left alone, and that is told', async () => {
    const ownerReferences = [{ apiVersion: 'x/v1', kind: 'Other', name: 'o', uid: 'o', controller: true }];
    await using bench = await startBench([statefulSetController], {
      seed: (client) => {
        const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Retain' };
        client.seed(refs.statefulSets, database({ volumeClaimTemplates: [claimTemplate], persistentVolumeClaimRetentionPolicy }));
        client.seed(refs.persistentVolumeClaims, { metadata: { name: 'data-db-0', namespace: 'shop', ownerReferences }, spec: {} });
      },
    });
    await run(bench, 0);
    expect(claimOf(bench, 0)?.metadata.ownerReferences).toEqual(ownerReferences);
    expect(events(bench).some((event) => event.startsWith('ConflictingController: PersistentVolumeClaim data-db-0 has'))).toBe(true);
  });
});

test('a set that is being deleted only counts', async () => {
  await using bench = await start();
  await run(bench, 0);
  await bench.client.resource(refs.statefulSets).delete('shop', 'db', { propagationPolicy: 'Foreground' });
  await bench.settle();
  const before = bench.client.actions.length;
  await run(bench, 0, 'False');
  expect(bench.client.actions.slice(before).map(({ resource, verb }) => `${verb} ${resource}`)).toEqual([
    'update pods',
    'update statefulsets',
  ]);
});

test('idle: nothing is written once all is well', async () => {
  await using bench = await start({ volumeClaimTemplates: [claimTemplate], minReadySeconds: 5 });
  for (const ordinal of [0, 1, 2]) {
    await run(bench, ordinal);
    await bench.clock.advance(5_000);
    await bench.settle();
  }
  const writes = bench.client.actions.length;
  await bench.clock.advance(3_600_000);
  await bench.settle();
  expect(bench.client.actions).toHaveLength(writes);
});

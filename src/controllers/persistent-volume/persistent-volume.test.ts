import { describe, expect, test } from '@jest/globals';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { persistentVolumeBinder } from './index.ts';

const modes = ['ReadWriteOnce'];

function seedVolume(client: FakeClient, name: string, spec: object = {}, more: object = {}): void {
  client.seed(refs.persistentVolumes, {
    metadata: { name, ...more },
    spec: { capacity: { storage: '5Gi' }, accessModes: modes, persistentVolumeReclaimPolicy: 'Retain', local: { path: '/x' }, ...spec },
    status: { phase: 'Pending' },
  });
}

function seedClaim(client: FakeClient, name: string, spec: object = {}, more: object = {}): void {
  client.seed(refs.persistentVolumeClaims, {
    metadata: { name, namespace: 'shop', uid: name, ...more },
    spec: { accessModes: modes, resources: { requests: { storage: '3Gi' } }, storageClassName: '', ...spec },
    status: { phase: 'Pending' },
  });
}

function seedClass(client: FakeClient, name: string, more: object = {}, metadata: object = {}): void {
  client.seed(refs.storageClasses, {
    metadata: { name, ...metadata },
    provisioner: 'example.com/disk',
    volumeBindingMode: 'Immediate',
    ...more,
  });
}

const start = (seed: (client: FakeClient) => void): Promise<Bench> => startBench([persistentVolumeBinder], { seed });
const volume = (bench: Bench, name: string): PersistentVolume => bench.client.peek(refs.persistentVolumes, name) as PersistentVolume;
const claim = (bench: Bench, name: string): PersistentVolumeClaim =>
  bench.client.peek(refs.persistentVolumeClaims, `shop/${name}`) as PersistentVolumeClaim;
const events = (bench: Bench): string[] => bench.client.all(refs.events).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
const remove = async (bench: Bench, name: string): Promise<void> => {
  bench.client.remove(refs.persistentVolumeClaims, `shop/${name}`);
  await bench.settle();
};

describe('binding', () => {
  test('a claim gets the smallest volume that suits it, and both say so', async () => {
    await using bench = await start((client) => {
      seedVolume(client, 'big', { capacity: { storage: '50Gi' } });
      seedVolume(client, 'fits');
      seedVolume(client, 'small', { capacity: { storage: '1Gi' } });
      seedVolume(client, 'many', { accessModes: [...modes, 'ReadWriteMany'], capacity: { storage: '4Gi' } });
      seedVolume(client, 'other', { storageClassName: 'fast', capacity: { storage: '3Gi' } });
      seedClaim(client, 'data');
    });
    expect(volume(bench, 'fits')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'shop', name: 'data', uid: 'data' } },
      status: { phase: 'Bound' },
    });
    expect(claim(bench, 'data')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { volumeName: 'fits' },
      status: { phase: 'Bound', accessModes: modes, capacity: { storage: '5Gi' } },
    });
    expect(['big', 'small', 'many', 'other'].map((name) => volume(bench, name).status.phase)).toEqual(Array(4).fill('Available'));
  });

  test('two claims never share a volume', async () => {
    await using bench = await start((client) => {
      seedVolume(client, 'v1');
      seedClaim(client, 'a');
      seedClaim(client, 'b');
    });
    expect(['a', 'b'].map((name) => claim(bench, name).status.phase).sort()).toEqual(['Bound', 'Pending']);
    expect(events(bench)).toContain('FailedBinding: no persistent volumes available for this claim and no storage class is set');
    seedVolume(bench.client, 'v2');
    await bench.settle();
    expect(['a', 'b'].map((name) => claim(bench, name).status.phase)).toEqual(['Bound', 'Bound']);
  });

  test('a claim that names its volume; a volume that names its claim', async () => {
    await using bench = await start((client) => {
      seedVolume(client, 'mine', { claimRef: { namespace: 'shop', name: 'b' }, capacity: { storage: '100Gi' } });
      seedVolume(client, 'wanted', { capacity: { storage: '90Gi' } });
      seedVolume(client, 'free');
      seedClaim(client, 'a', { volumeName: 'wanted' });
      seedClaim(client, 'b');
    });
    expect(claim(bench, 'a').status.phase).toBe('Bound');
    expect(claim(bench, 'a').metadata.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes' });
    expect(claim(bench, 'b').spec.volumeName).toBe('mine');
    expect(volume(bench, 'mine').metadata.annotations).toBeUndefined();
    expect(volume(bench, 'mine').spec.claimRef?.uid).toBe('b');
  });

  test.each([
    [{ capacity: { storage: '1Gi' } }, {}, 'requested PV is too small'],
    [{ storageClassName: 'x' }, {}, 'storageClassName does not match'],
    [{ volumeMode: 'Block' }, {}, 'incompatible volumeMode'],
    [{}, { accessModes: ['ReadWriteMany'] }, 'incompatible accessMode'],
  ])('a volume that was asked for and does not suit: %j %j', async (volumeSpec, claimSpec, why) => {
    await using bench = await start((client) => {
      seedVolume(client, 'v', volumeSpec);
      seedClaim(client, 'data', { volumeName: 'v', ...claimSpec });
    });
    expect(claim(bench, 'data').status.phase).toBe('Pending');
    expect(events(bench)).toContain(`VolumeMismatch: Cannot bind to requested volume "v": ${why}`);
  });

  test('a volume that is taken already', async () => {
    await using bench = await start((client) => {
      seedVolume(client, 'v', { claimRef: { namespace: 'shop', name: 'other' } });
      seedClaim(client, 'data', { volumeName: 'v' });
    });
    expect(events(bench)).toContain('FailedBinding: volume "v" already bound to a different claim.');
  });

  test('only volumes the selector selects', async () => {
    await using bench = await start((client) => {
      seedVolume(client, 'a');
      seedVolume(client, 'b', { capacity: { storage: '9Gi' } }, { labels: { kind: 'ssd' } });
      seedClaim(client, 'data', { selector: { matchLabels: { kind: 'ssd' } } });
    });
    expect(claim(bench, 'data').spec.volumeName).toBe('b');
  });

  test('a claim whose volume is gone is lost', async () => {
    await using bench = await start((client) => {
      seedVolume(client, 'v');
      seedClaim(client, 'data');
    });
    bench.client.remove(refs.persistentVolumes, 'v');
    await bench.settle();
    expect(claim(bench, 'data').status).toEqual({ phase: 'Lost' });
    expect(events(bench)).toContain('ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  });
});

describe('classes', () => {
  test('a volume is asked of the provisioner', async () => {
    await using bench = await start((client) => {
      seedClass(client, 'fast');
      seedClaim(client, 'data', { storageClassName: 'fast' });
    });
    expect(claim(bench, 'data').metadata.annotations).toEqual({
      'volume.beta.kubernetes.io/storage-provisioner': 'example.com/disk',
      'volume.kubernetes.io/storage-provisioner': 'example.com/disk',
    });
    expect(
      events(bench).some((event) =>
        event.startsWith("ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/disk'"),
      ),
    ).toBe(true);
    seedVolume(bench.client, 'pvc-data', { storageClassName: 'fast', claimRef: { namespace: 'shop', name: 'data', uid: 'data' } });
    await bench.settle();
    expect(claim(bench, 'data')).toMatchObject({ spec: { volumeName: 'pvc-data' }, status: { phase: 'Bound' } });
  });

  test('WaitForFirstConsumer: nothing until the scheduler has chosen a node', async () => {
    await using bench = await start((client) => {
      seedClass(client, 'late', { volumeBindingMode: 'WaitForFirstConsumer' });
      seedVolume(client, 'v', { storageClassName: 'late' });
      seedClaim(client, 'data', { storageClassName: 'late' });
    });
    expect(claim(bench, 'data').metadata.annotations).toBeUndefined();
    expect(events(bench)).toContain('WaitForFirstConsumer: waiting for first consumer to be created before binding');
    bench.client.seed(refs.nodes, { metadata: { name: 'n1' }, spec: {} });
    const body = { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'n1' } } };
    await bench.client.resource(refs.persistentVolumeClaims).patch('shop', 'data', { type: 'application/merge-patch+json', body });
    await bench.settle();
    expect(claim(bench, 'data').metadata.annotations?.['volume.kubernetes.io/storage-provisioner']).toBe('example.com/disk');
    await bench.client.resource(refs.nodes).delete('', 'n1');
    await bench.settle();
    expect(claim(bench, 'data').metadata.annotations?.['volume.kubernetes.io/selected-node']).toBeUndefined();
  });

  test('the scheduler binds a volume to a late claim by naming the claim in it', async () => {
    await using bench = await start((client) => {
      seedClass(client, 'late', { volumeBindingMode: 'WaitForFirstConsumer' });
      seedClaim(client, 'data', { storageClassName: 'late' });
      seedVolume(client, 'v', { storageClassName: 'late', claimRef: { namespace: 'shop', name: 'data', uid: 'data' } });
    });
    expect(claim(bench, 'data').status.phase).toBe('Bound');
  });

  test('unknown classes and classes without a provisioner', async () => {
    await using bench = await start((client) => {
      seedClass(client, 'manual', { provisioner: 'kubernetes.io/no-provisioner' });
      seedClaim(client, 'a', { storageClassName: 'manual' });
      seedClaim(client, 'b', { storageClassName: 'none' });
    });
    expect(events(bench)).toContain('ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner');
    expect(events(bench)).toContain('ProvisioningFailed: storageclass.storage.k8s.io "none" not found');
  });

  test('a claim without a class gets the default one when it comes', async () => {
    await using bench = await start((client) => seedClaim(client, 'data', { storageClassName: undefined }));
    expect(claim(bench, 'data').spec.storageClassName).toBeUndefined();
    seedClass(bench.client, 'fast', {}, { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } });
    await bench.settle();
    expect(claim(bench, 'data').spec.storageClassName).toBe('fast');
  });
});

describe('release', () => {
  const bound = (spec: object, more: object = {}): Promise<Bench> =>
    start((client) => {
      seedVolume(client, 'v', spec, more);
      seedClaim(client, 'data');
    });

  test('Retain: the volume stays Released', async () => {
    await using bench = await bound({});
    await remove(bench, 'data');
    expect(volume(bench, 'v').status).toEqual({ phase: 'Released' });
    seedClaim(bench.client, 'data', {}, { uid: 'another' });
    await bench.settle();
    expect(volume(bench, 'v').status.phase).toBe('Released');
    expect(claim(bench, 'data').status.phase).toBe('Pending');
  });

  test("Delete is the provisioner's; without one the volume has failed", async () => {
    await using bench = await bound(
      { persistentVolumeReclaimPolicy: 'Delete' },
      { annotations: { 'pv.kubernetes.io/provisioned-by': 'example.com/disk' } },
    );
    await remove(bench, 'data');
    expect(volume(bench, 'v').status.phase).toBe('Released');
    await using other = await bound({ persistentVolumeReclaimPolicy: 'Delete' });
    await remove(other, 'data');
    const message = 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched';
    expect(volume(other, 'v').status).toEqual({ phase: 'Failed', message });
    expect(events(other)).toContain(`VolumeFailedDelete: ${message}`);
  });

  test('Recycle is no more', async () => {
    await using bench = await bound({ persistentVolumeReclaimPolicy: 'Recycle' });
    await remove(bench, 'data');
    expect(volume(bench, 'v').status).toEqual({ phase: 'Failed', message: 'No recycler plugin found for the volume!' });
  });

  test('a volume of a claim that got another one is free again', async () => {
    await using bench = await start((client) => {
      seedClaim(client, 'data', { volumeName: 'w' });
      seedVolume(client, 'w');
      seedVolume(
        client,
        'v',
        { claimRef: { namespace: 'shop', name: 'data', uid: 'data' } },
        { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      );
    });
    expect(volume(bench, 'v').spec.claimRef).toBeUndefined();
    expect(volume(bench, 'v').metadata.annotations).toBeUndefined();
    expect(volume(bench, 'v').status.phase).toBe('Available');
  });
});

test('whatever write was the last one made, the next start finishes the binding', async () => {
  for (let survived = 0; survived < 5; survived += 1) {
    let writes = 0;
    await using bench = await startBench([persistentVolumeBinder], {
      seed: (client) => {
        seedVolume(client, 'v', {}, {});
        seedClaim(client, 'data');
        client.fail = ({ resource }) =>
          resource.startsWith('persistent') && (writes += 1) === survived + 1 ? new Error('gone') : undefined;
      },
    });
    await bench.clock.advance(50);
    await bench.settle();
    expect([claim(bench, 'data').status.phase, volume(bench, 'v').status.phase]).toEqual(['Bound', 'Bound']);
  }
});

test('idle: nothing is written', async () => {
  await using bench = await start((client) => {
    seedVolume(client, 'v');
    seedClaim(client, 'data');
    seedClaim(client, 'more');
  });
  const writes = bench.client.actions.length;
  await bench.clock.advance(3_600_000);
  await bench.settle();
  expect(bench.client.actions).toHaveLength(writes);
});

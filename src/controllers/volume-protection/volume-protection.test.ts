import { describe, expect, test } from '@jest/globals';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { claimProtectionController, volumeAttributesClassProtectionController, volumeProtectionController } from './index.ts';

const all = [claimProtectionController, volumeProtectionController, volumeAttributesClassProtectionController];
const deletionTimestamp = '2026-01-01T00:00:00Z';
const start = (seed: (client: FakeClient) => void): Promise<Bench> => startBench(all, { seed });
const claim = (client: FakeClient, metadata: object, content: object = {}): void =>
  void client.seed(refs.persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'shop', uid: 'claim', ...metadata },
    spec: {},
    status: {},
    ...content,
  });
const pod = (client: FakeClient, metadata: object = {}, spec: object = {}): void =>
  void client.seed(refs.pods, {
    metadata: { name: 'web', namespace: 'shop', uid: 'pod', ...metadata },
    spec: { nodeName: 'n1', containers: [], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }], ...spec },
    status: {},
  });
const goingClaim = (client: FakeClient): void => claim(client, { deletionTimestamp, finalizers: ['kubernetes.io/pvc-protection'] });
const finalizers = (bench: Bench) => bench.client.peek(refs.persistentVolumeClaims, 'shop/data')?.metadata.finalizers;

describe('claims', () => {
  test('one that came without the finalizer gets it', async () => {
    await using bench = await start((client) => claim(client, { finalizers: ['a/b'] }));
    expect(finalizers(bench)).toEqual(['a/b', 'kubernetes.io/pvc-protection']);
  });

  test('one nobody uses goes', async () => {
    await using bench = await start(goingClaim);
    expect(finalizers(bench)).toBeUndefined();
  });

  test('one a pod uses goes with the pod', async () => {
    await using bench = await start((client) => {
      goingClaim(client);
      pod(client);
    });
    expect(finalizers(bench)).toEqual(['kubernetes.io/pvc-protection']);
    bench.client.remove(refs.pods as never, 'shop/web');
    await bench.settle();
    expect(finalizers(bench)).toBeUndefined();
  });

  test('a pod without a node does not keep it', async () => {
    await using bench = await start((client) => {
      goingClaim(client);
      pod(client, {}, { nodeName: '' });
    });
    expect(finalizers(bench)).toBeUndefined();
  });

  test('one of an ephemeral volume stays until its pod is shut down', async () => {
    const ephemeral = { volumes: [{ name: 'v', ephemeral: {} }] };
    await using bench = await start((client) => {
      claim(client, {
        name: 'web-v',
        deletionTimestamp,
        finalizers: ['kubernetes.io/pvc-protection'],
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'pod', controller: true }],
      });
      pod(client, {}, ephemeral);
    });
    expect(bench.client.peek(refs.persistentVolumeClaims, 'shop/web-v')).toBeDefined();
    pod(bench.client, { deletionTimestamp, deletionGracePeriodSeconds: 0 }, ephemeral);
    await bench.settle();
    expect(bench.client.peek(refs.persistentVolumeClaims, 'shop/web-v')?.metadata.finalizers).toBeUndefined();
  });
});

test('a volume stays while it is bound', async () => {
  const metadata = { name: 'disk', deletionTimestamp, finalizers: ['kubernetes.io/pv-protection'] };
  const volume = (client: FakeClient, phase: string): void =>
    void client.seed(refs.persistentVolumes, { metadata, spec: {}, status: { phase } });
  await using bench = await start((client) => volume(client, 'Bound'));
  expect(bench.client.peek(refs.persistentVolumes, 'disk')).toBeDefined();
  volume(bench.client, 'Released');
  await bench.settle();
  expect(bench.client.peek(refs.persistentVolumes, 'disk')?.metadata.finalizers).toBeUndefined();
});

test('a class stays while a claim is at it or on its way to it', async () => {
  const status = { modifyVolumeStatus: { targetVolumeAttributesClassName: 'fast', status: 'Pending' } };
  await using bench = await start((client) => {
    client.seed(refs.volumeAttributesClasses, {
      metadata: { name: 'fast', deletionTimestamp, finalizers: ['kubernetes.io/vac-protection'] },
      driverName: 'd',
    });
    claim(client, {}, { status });
  });
  expect(bench.client.peek(refs.volumeAttributesClasses, 'fast')).toBeDefined();
  claim(bench.client, {});
  await bench.settle();
  expect(bench.client.peek(refs.volumeAttributesClasses, 'fast')?.metadata.finalizers).toBeUndefined();
});

import { expect, test } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { startBench } from '../testing/bench.ts';
import { ephemeralVolumeController } from './index.ts';

const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

function seedPod(client: FakeClient): void {
  const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec } } }];
  client.seed(refs.pods, { metadata: { name: 'p', namespace: 'shop', uid: 'p' }, spec: { containers: [], volumes } });
}

test('a claim is made for the pod, which owns it, and made again when it is gone', async () => {
  await using bench = await startBench([ephemeralVolumeController], { seed: seedPod });
  const claim = (): PersistentVolumeClaim | undefined => bench.client.peek(refs.persistentVolumeClaims, 'shop/p-scratch');
  expect(claim()).toMatchObject({ metadata: { labels: { a: 'b' }, ownerReferences: [{ kind: 'Pod', uid: 'p', controller: true }] }, spec });
  bench.client.remove(refs.persistentVolumeClaims, 'shop/p-scratch');
  await bench.settle();
  expect(claim()).toBeDefined();
});

test("a claim of the name that is not the pod's is told of", async () => {
  await using bench = await startBench([ephemeralVolumeController], {
    seed: (client) => {
      client.seed(refs.persistentVolumeClaims, { metadata: { name: 'p-scratch', namespace: 'shop' }, spec });
      seedPod(client);
    },
  });
  expect(bench.client.all(refs.events)[0]).toMatchObject({
    reason: 'FailedBinding',
    message: 'ephemeral volume scratch: PVC shop/p-scratch was not created for pod shop/p (pod is not owner)',
  });
});

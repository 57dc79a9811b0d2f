import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { realClock } from '../../base/clock.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { createInformers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { settle } from '../../client/testing/until.ts';
import { startLocalPath } from './index.ts';
import { folderOf, provisionerName } from './volume.ts';

let root: string;
let client: FakeClient;
let lifecycle: Lifecycle;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'local-path-'));
  client = createFakeClient({ clock: realClock });
  lifecycle = new Lifecycle();
  const common = { client, clock: realClock, logger: silentLogger };
  const informers = lifecycle.add(createInformers(common));
  lifecycle.add(startLocalPath({ ...common, informers, nodeName: 'n1', root, real: true }));
  const provisioner = { provisioner: provisionerName, reclaimPolicy: 'Delete' };
  client.seed(refs.storageClasses, { metadata: { name: 'local-path' }, ...provisioner, volumeBindingMode: 'WaitForFirstConsumer' });
});

afterEach(async () => {
  await lifecycle.stop();
  rmSync(root, { recursive: true, force: true });
});

function claim(node: string, spec: object = {}): void {
  client.seed(refs.persistentVolumeClaims, {
    metadata: {
      name: 'data',
      namespace: 'shop',
      uid: 'u1',
      annotations: { 'volume.kubernetes.io/storage-provisioner': provisionerName, 'volume.kubernetes.io/selected-node': node },
    },
    spec: { storageClassName: 'local-path', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    status: { phase: 'Pending' },
  });
}

const volume = (): PersistentVolume | undefined => client.peek(refs.persistentVolumes, 'pvc-u1');
const events = (): string[] => client.all(refs.events).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);

/** Files are really made and removed. */
async function wait(until: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !until(); round += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  await settle();
}

const release = (): Promise<unknown> => {
  client.remove(refs.persistentVolumeClaims, 'shop/data');
  return client.resource(refs.persistentVolumes).updateStatus({ ...(volume() as PersistentVolume), status: { phase: 'Released' } });
};

test('a claim of a pod on this node gets a folder that everybody may write into', async () => {
  claim('n1');
  await wait(() => volume() !== undefined);
  expect(volume()).toMatchObject({
    metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': provisionerName } },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'local-path',
      claimRef: { namespace: 'shop', name: 'data', uid: 'u1' },
      hostPath: { path: `${root}/pvc-u1_shop_data`, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] }] },
      },
    },
  });
  expect(statSync(`${root}/pvc-u1_shop_data`).mode & 0o777).toBe(0o777);
  await wait(() => events().length === 2);
  expect(events()).toContain('ProvisioningSucceeded: Successfully provisioned volume pvc-u1');
});

test.each([
  [{ volumeMode: 'Block' }, 'a folder is no block device: volumeMode Block is not supported'],
  [{ accessModes: ['ReadWriteMany'] }, 'local folders only support ReadWriteOnce and ReadWriteOncePod access modes'],
])('refused: %j', async (spec, why) => {
  claim('n1', spec);
  await wait(() => events().length > 0);
  expect(events()).toEqual([`ProvisioningFailed: failed to provision volume with StorageClass "local-path": ${why}`]);
  expect(volume()).toBeUndefined();
});

test('claims of other nodes are left alone', async () => {
  claim('n2');
  await settle(50);
  expect(client.actions).toEqual([]);
});

describe('a volume that was made', () => {
  beforeEach(async () => {
    claim('n1');
    await wait(() => volume() !== undefined);
  });

  test('goes with its folder when it is released', async () => {
    await release();
    await wait(() => volume() === undefined);
    expect(volume()).toBeUndefined();
    expect(existsSync(`${root}/pvc-u1_shop_data`)).toBe(false);
  });

  test("stays when it is retained, or another node's", async () => {
    const { spec } = volume() as PersistentVolume;
    const patch = (body: object): Promise<unknown> =>
      client.resource(refs.persistentVolumes).patch('', 'pvc-u1', { type: 'application/merge-patch+json', body });
    await patch({ spec: { persistentVolumeReclaimPolicy: 'Retain' } });
    await release();
    await settle(50);
    expect(existsSync(`${root}/pvc-u1_shop_data`)).toBe(true);
    const [term] = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
    const elsewhere = { matchExpressions: [{ ...term?.matchExpressions?.[0], values: ['n2'] }] };
    await patch({ spec: { persistentVolumeReclaimPolicy: 'Delete', nodeAffinity: { required: { nodeSelectorTerms: [elsewhere] } } } });
    await settle(50);
    expect(existsSync(`${root}/pvc-u1_shop_data`)).toBe(true);
  });

  test('grows with its claim', async () => {
    const bound = client.peek<PersistentVolumeClaim>(refs.persistentVolumeClaims, 'shop/data') as PersistentVolumeClaim;
    const spec = { ...bound.spec, volumeName: 'pvc-u1', resources: { requests: { storage: '2Gi' } } };
    client.seed(refs.persistentVolumeClaims, { ...bound, spec, status: { phase: 'Bound', capacity: { storage: '1Gi' } } });
    await wait(() => client.peek<PersistentVolumeClaim>(refs.persistentVolumeClaims, 'shop/data')?.status.capacity?.storage === '2Gi');
    expect(volume()?.spec.capacity?.storage).toBe('2Gi');
  });
});

test.each(['/etc', '../x', 'pvc-1/..', 'pvc-1/../../x', 'other'])('a path that is no volume of ours is never removed: %s', (path) => {
  expect(folderOf({ spec: { hostPath: { path: path.startsWith('/') ? path : `/data/${path}` } } }, '/data')).toBeUndefined();
});

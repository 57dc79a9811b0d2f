/** A cluster's etcd changes hands: from a real kube-apiserver 1.36 to Coracle and back, with every object as it was. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { etcdBinary, startEtcd, type EtcdCluster } from '../../src/storage/etcd/testing/etcd-process.ts';
import { comparable, listAll, makeAll, readAll, unknownKinds } from './objects.ts';
import { startOurs } from './ours.ts';
import { apiserverBinary, startRealApiServer } from './real-apiserver.ts';

const possible = etcdBinary() !== undefined && apiserverBinary() !== undefined;
if (!possible) process.stderr.write('etcd-exchange: there is no etcd or no kube-apiserver on this machine: skipped\n');
const patience = 240_000;

(possible ? describe : describe.skip)('an etcd', () => {
  let etcd: EtcdCluster;
  afterEach(() => etcd.stop());

  test.each([
    ['protobuf', []],
    ['JSON', ['--storage-media-type=application/json']],
  ])(
    'that a real kube-apiserver filled (%s) is read the same by Coracle',
    async (_, flags) => {
      etcd = await startEtcd({ arguments: ['--unsafe-no-fsync'] });
      const real = await startRealApiServer(etcd.endpoints, flags);
      expect(await unknownKinds(real.target)).toEqual([]);
      const paths = await makeAll(real.target);
      const before = await readAll(real.target, paths);
      await real.stop();
      await using ours = await startOurs(etcd.endpoints);
      const after = await readAll(ours.target, paths);
      expect(comparable(after, before)).toEqual(comparable(before, after));
      expect((await listAll(ours.target)).size).toBeGreaterThan(30);
    },
    patience,
  );

  test(
    'that Coracle filled is read the same by a real kube-apiserver',
    async () => {
      etcd = await startEtcd({ arguments: ['--unsafe-no-fsync'] });
      const ours = await startOurs(etcd.endpoints);
      const paths = await makeAll(ours.target);
      const before = await readAll(ours.target, paths);
      await ours.stop();
      await using real = await startRealApiServer(etcd.endpoints);
      const after = await readAll(real.target, paths);
      expect(comparable(after, before)).toEqual(comparable(before, after));
      expect((await listAll(real.target)).size).toBeGreaterThan(30);
    },
    patience,
  );
});

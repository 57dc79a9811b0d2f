/** Coracle's API server on an etcd, without controllers: nothing changes but what is asked for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../src/base/clock.ts';
import { Lifecycle, running, type Running } from '../../src/base/lifecycle.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { startControlPlane } from '../../src/cmd/control-plane.ts';
import { kubeconfigText } from '../../src/cmd/kubeconfig.ts';
import { openPki } from '../../src/cmd/pki.ts';
import { openEtcd } from '../../src/storage/etcd/etcd.ts';
import { Target } from '../compare/target.ts';

export async function startOurs(endpoints: readonly string[]): Promise<{ readonly target: Target } & Running> {
  const lifecycle = new Lifecycle();
  const dataDir = await mkdtemp(join(tmpdir(), 'coracle-exchange-'));
  lifecycle.add(running(() => rm(dataDir, { recursive: true, force: true })));
  const common = { clock: realClock, logger: silentLogger };
  const storage = lifecycle.add(await openEtcd({ endpoints, ...common }));
  const pki = await openPki({ dataDir, hosts: ['127.0.0.1'], now: realClock.now() });
  const controlPlane = lifecycle.add(
    await startControlPlane({
      ...common,
      storage,
      pki,
      dataDir,
      listen: { host: '127.0.0.1', port: 0 },
      advertiseAddresses: ['10.9.9.9'],
      clusterCIDRs: ['10.42.0.0/16', 'fd42::/56'],
      serviceCIDRs: ['10.43.0.0/16', 'fd43::/112'],
      clusterDomain: 'cluster.local',
      joinToken: 'secret',
    }),
  );
  const file = join(dataDir, 'kubeconfig');
  const server = `https://127.0.0.1:${String(controlPlane.apiServer.port)}`;
  await writeFile(file, kubeconfigText({ name: 'ours', server, authority: pki.authority.cert, client: pki.admin }));
  const target = new Target(file);
  lifecycle.add(running(() => target.close()));
  return { target, ...running(() => lifecycle.stop()) };
}

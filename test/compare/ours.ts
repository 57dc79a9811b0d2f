/**
 * Coracle's API server as the comparison needs it: from the sources as they are, on a free port, everything in memory, with
 * admission and the objects of the start but without controllers, scheduler and node, as the real server it is compared with.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import { startControlPlane } from '../../src/cmd/control-plane.ts';
import { kubeconfigText } from '../../src/cmd/kubeconfig.ts';
import { openPki } from '../../src/cmd/pki.ts';

export interface OurServer {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** The service network is the one of ../shared/peers/control-plane.sh. */
const serviceCIDRs = ['10.43.0.0/16', 'fd43::/112'];

export async function startOurs(): Promise<OurServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'coracle-compare-'));
  const pki = await openPki({ dataDir, hosts: ['127.0.0.1'], now: realClock.now() });
  const controlPlane = await startControlPlane({
    pki,
    dataDir,
    datastore: 'memory',
    listen: { host: '127.0.0.1', port: 0 },
    advertiseAddresses: ['192.0.2.1'],
    clusterCIDRs: ['10.42.0.0/16', 'fd42::/56'],
    serviceCIDRs,
    clusterDomain: 'cluster.local',
    joinToken: 'compare',
    clock: realClock,
    logger: createLogger('error'),
  });
  const kubeconfig = join(dataDir, 'kubeconfig');
  const server = `https://127.0.0.1:${String(controlPlane.apiServer.port)}`;
  writeFileSync(kubeconfig, kubeconfigText({ name: 'compare', server, authority: pki.authority.cert, client: pki.admin }), { mode: 0o600 });
  return {
    kubeconfig,
    stop: async () => {
      await controlPlane.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

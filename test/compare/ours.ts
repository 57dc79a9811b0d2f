/**
 * Coracle's API server as the comparison needs it: from the sources as they are, on a free port, everything in memory, with
 * admission and the objects of the start but without controllers, scheduler and node, as the real server it is compared with.
 */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDescriptions } from '../../hack/descriptions.ts';
import { admissionPlugins } from '../../src/admission/index.ts';
import { bootstrap } from '../../src/apiserver/bootstrap/bootstrap.ts';
import { DefaultServiceCIDR } from '../../src/apiserver/bootstrap/default-service-cidr.ts';
import { inProcessClient } from '../../src/apiserver/in-process.ts';
import { type ApiServer, startApiServer } from '../../src/apiserver/server.ts';
import { realClock } from '../../src/base/clock.ts';
import { Lifecycle, type Running } from '../../src/base/lifecycle.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { Client } from '../../src/client/client.ts';
import { KubernetesService } from '../../src/apiserver/bootstrap/kubernetes-service.ts';
import { createAuthentication } from '../../src/cmd/authentication.ts';
import { kubeconfigText } from '../../src/cmd/kubeconfig.ts';
import { openPki, type Pki } from '../../src/cmd/pki.ts';
import { systemUser } from '../../src/registry/context.ts';
import { createRegistry } from '../../src/registry/registry.ts';
import type { Registry } from '../../src/registry/store.ts';
import { builtinResources } from '../../src/resources/index.ts';
import { openMemory } from '../../src/storage/memory/memory.ts';

export interface OurServer {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** The service network is the one of ../shared/peers/control-plane.sh. */
const serviceCIDRs = ['10.43.0.0/16', 'fd43::/112'];
const clock = realClock;
const logger = createLogger('error');

export async function startOurs(): Promise<OurServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'coracle-compare-'));
  const lifecycle = new Lifecycle();
  const pki = await openPki({ dataDir, hosts: ['127.0.0.1'], now: clock.now() });
  const { port } = await startApi(pki, lifecycle);
  const kubeconfig = join(dataDir, 'kubeconfig');
  const server = `https://127.0.0.1:${String(port)}`;
  writeFileSync(kubeconfig, kubeconfigText({ name: 'compare', server, authority: pki.authority.cert, client: pki.admin }), { mode: 0o600 });
  return {
    kubeconfig,
    stop: async () => {
      await lifecycle.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The prose of the columns, as a build leaves it. */
function descriptions(): string {
  const file = join(import.meta.dirname, '..', '..', '.cache', 'descriptions.json');
  const writer = join(import.meta.dirname, '..', '..', 'hack', 'descriptions.ts');
  if (!existsSync(file) || statSync(file).mtimeMs < statSync(writer).mtimeMs) writeDescriptions(file);
  return file;
}

async function startApi(pki: Pki, lifecycle: Lifecycle): Promise<ApiServer> {
  const client = (): Client => inProcessClient(registry, systemUser('apiserver'));
  const options = { clusterDomain: 'cluster.local', joinToken: 'compare', clock, logger };
  const auth = createAuthentication({ ...options, serviceAccountKey: pki.serviceAccountKey, client });
  const registry: Registry & Running = lifecycle.add(
    await createRegistry({
      storage: lifecycle.add(openMemory({ clock })),
      definitions: builtinResources({ clock, serviceCIDRs, reviews: auth.reviews, stores: (...name) => registry.lookup(...name) }),
      admission: admissionPlugins({ registry: () => registry }),
      clock,
      logger,
    }),
  );
  const api = lifecycle.add(
    await startApiServer({
      registry,
      listen: { host: '127.0.0.1', port: 0 },
      tls: { key: pki.server.key, cert: pki.server.cert + pki.authority.cert, clientCA: pki.authority.cert },
      authenticators: auth.authenticators,
      authorizer: auth.authorizer,
      nodes: { ca: pki.authority.cert, cert: pki.kubeletClient.cert, key: pki.kubeletClient.key },
      serviceAccounts: { issuer: auth.issuer, keys: auth.keys },
      version: { gitVersion: 'v1.36.3+coracle' },
      descriptionsFile: descriptions(),
      clock,
      logger,
    }),
  );
  const endpoint = { addresses: ['192.0.2.1'], port: api.port };
  const serviceCIDR = new DefaultServiceCIDR({
    client: client(),
    cidrs: serviceCIDRs,
    recorder: { event: () => undefined },
    clock,
    logger,
  });
  const kubernetesService = new KubernetesService({ client: client(), clusterIP: '10.43.0.1', clock, logger });
  await bootstrap({ client: client(), serviceCIDR, kubernetesService, endpoint });
  await api.fair;
  api.started();
  return api;
}

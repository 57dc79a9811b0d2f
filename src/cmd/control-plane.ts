/** Wires the API server with everything left of it, and the control loops right of it. The only place that knows them all. */
import type { Duplex } from 'node:stream';
import type { FeatureGate } from '../api/feature-gates.ts';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { admissionPlugins } from '../admission/index.ts';
import { bootstrap, type BootstrapOptions } from '../apiserver/bootstrap/bootstrap.ts';
import { DefaultServiceCIDR, serviceCIDRComponent } from '../apiserver/bootstrap/default-service-cidr.ts';
import { KubernetesService } from '../apiserver/bootstrap/kubernetes-service.ts';
import { inProcessClient } from '../apiserver/in-process.ts';
import { startApiServer, type ApiServer } from '../apiserver/server.ts';
import { startNodePortWatch } from '../apiserver/service-ips/node-ports.ts';
import { startServiceIPRepair } from '../apiserver/service-ips/repair.ts';
import { defaultNodePorts } from '../resources/core/services/node-ports.ts';
import type { Clock } from '../base/clock.ts';
import { Lifecycle, type Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { MetricRegistry } from '../base/metrics.ts';
import { queueMetrics } from '../base/queue-metrics.ts';
import type { Client } from '../client/client.ts';
import { createRecorder } from '../client/events.ts';
import { httpsClient, type HttpsClient } from '../client/https.ts';
import { guarded } from '../client/guard.ts';
import { createInformers, type Informers } from '../client/informer-factory.ts';
import { runAsLeader } from '../client/leader.ts';
import { refs } from '../client/refs.ts';
import type { CertificateSigner } from '../controllers/certificates/index.ts';
import { startControllers } from '../controllers/index.ts';
import { systemUser } from '../registry/context.ts';
import { createRegistry } from '../registry/registry.ts';
import type { Registry } from '../registry/store.ts';
import { builtinResources } from '../resources/index.ts';
import type { SchedulerConfig } from '../scheduler/config/config.ts';
import { schedulerMetrics } from '../scheduler/metrics.ts';
import { startScheduler } from '../scheduler/scheduler.ts';
import type { Storage } from '../storage/storage.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { createAuthentication, joinUser } from './authentication.ts';
import type { Pki } from './pki.ts';
import { startServerAddresses } from './server-addresses.ts';
import { addressAt } from './service-network.ts';
import { gitVersion } from './version.ts';

export interface ControlPlaneOptions {
  readonly pki: Pki;
  readonly dataDir: string;
  readonly storage: Storage;
  readonly listen: { readonly host: string | undefined; readonly port: number };
  /** Where clients in the cluster reach this server, one address a family. */
  readonly advertiseAddresses: readonly string[];
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  readonly featureGates?: ReadonlySet<FeatureGate>;
  readonly clusterDomain: string;
  readonly joinToken: string;
  readonly disableServiceLB?: boolean;
  /** Loops that somebody else runs, or nobody: what tests of controllers want of an API server. */
  readonly disableControllers?: boolean;
  readonly disableScheduler?: boolean;
  readonly disabledAdmissionPlugins?: readonly string[];
  /** Default: upstream's defaults. */
  readonly schedulerConfig?: SchedulerConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How the kubelets that run in this process are reached, by node. */
  readonly kubelets?: ReadonlyMap<string, () => Duplex>;
  /** Called for each request. */
  readonly noticed?: () => void;
}

export interface ControlPlane extends Running {
  readonly apiServer: ApiServer;
  /** A client of this process that acts as `system:NAME`; `mayRepeat`: see RequestContext. */
  readonly client: (name: string, mayRepeat?: () => boolean) => Client;
  /** Caches that the parts of this process share. */
  readonly informers: Informers;
  /** Starts the controllers and the scheduler, unless they are disabled; resolves when they have seen the store. */
  startLoops(): Promise<void>;
}

/** What controllers and scheduler follow in whole and clusters have much of. */
const followed: ReadonlySet<string> = new Set(['pods', 'replicasets', 'jobs', 'endpointslices', 'services']);

/** Resolves when the API server answers /readyz with ok and the system objects exist. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { clock, logger, pki } = options;
  const lifecycle = new Lifecycle();
  try {
    const client: ControlPlane['client'] = (name, mayRepeat) =>
      inProcessClient(registry, systemUser(name), {
        fieldManager: fieldManagerOf(name),
        ...(mayRepeat === undefined ? {} : { mayRepeat }),
      });
    const auth = createAuthentication({ ...options, serviceAccountKey: options.pki.serviceAccountKey, client: () => client('apiserver') });
    const metrics = new MetricRegistry();
    const registry: Registry & Running = lifecycle.add(
      await createRegistry({
        storage: options.storage,
        definitions: builtinResources({
          clock,
          serviceCIDRs: options.serviceCIDRs,
          ...(options.storage.shared === true ? { shared: options.storage } : {}),
          ...(options.featureGates === undefined ? {} : { featureGates: options.featureGates }),
          reviews: auth.reviews,
          stores: (...name) => registry.lookup(...name),
        }),
        admission: admissionPlugins({ registry: () => registry }, options.disabledAdmissionPlugins),
        parsed: ({ resource }) => options.storage.shared !== true && followed.has(resource),
        clock,
        logger,
        metrics,
      }),
    );
    const apiServer = lifecycle.add(
      await startApiServer({
        registry,
        listen: options.listen,
        // The authority goes along, so that joining nodes can check it against their token.
        tls: { key: pki.server.key, cert: pki.server.cert + pki.authority.cert, clientCA: pki.authority.cert },
        authenticators: auth.authenticators,
        authorizer: options.noticed === undefined ? auth.authorizer : withNoticed(auth.authorizer, options.noticed),
        nodes: {
          ca: pki.authority.cert,
          cert: pki.kubeletClient.cert,
          key: pki.kubeletClient.key,
          local: (node) => options.kubelets?.get(node),
        },
        serviceAccounts: { issuer: auth.issuer, keys: auth.keys },
        version: { gitVersion },
        storage: () => options.storage.revision(),
        metrics,
        descriptionsFile: descriptionsFile(),
        clock,
        logger,
      }),
    );
    const serviceCIDR = defaultServiceCIDR({ ...options, client: client('apiserver') }, lifecycle);
    const clusterIP = addressAt(options.serviceCIDRs[0] ?? '', 1);
    const kubernetesService = new KubernetesService({ client: client('apiserver'), clusterIP, clock, logger });
    const made = { client: client('apiserver'), port: apiServer.port, serviceCIDR, kubernetesService };
    const bootstrapped = bootstrapAll({ ...options, ...made }, lifecycle);
    await Promise.all([bootstrapped, apiServer.fair]);
    apiServer.started();
    const informers = lifecycle.add(createInformers({ client: client('informers'), clock, logger }));
    lifecycle.add(serviceCIDR.follow(informers.of(refs.serviceCIDRs)));
    lifecycle.add(kubernetesService.follow(informers));
    // What only the server's front knows (aggregated APIs), asked for as by anybody else; connects when first used.
    let front: HttpsClient | undefined;
    const own = (): HttpsClient => (front ??= lifecycle.add(selfClient(options, apiServer.port)));
    const startLoops = async (): Promise<void> => {
      const loops = controlLoops({ ...options, client, informers, metrics, rawGet: (path) => own().getRaw(path) });
      if (options.storage.shared === true) {
        lifecycle.add(loops.elected());
        return;
      }
      const controllers = options.disableControllers === true ? undefined : lifecycle.add(loops.controllers(client));
      if (options.disableScheduler !== true) lifecycle.add(loops.scheduler(client));
      lifecycle.add(loops.repair(client));
      await controllers?.synced;
    };
    return { apiServer, client, informers, startLoops, stop: () => lifecycle.stop(), [Symbol.asyncDispose]: () => lifecycle.stop() };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

function withNoticed(authorizer: Authorizer, noticed: () => void): Authorizer {
  return {
    authorize: (attributes) => {
      noticed();
      return authorizer.authorize(attributes);
    },
    rules: (user, namespace) => authorizer.rules(user, namespace),
  };
}

/** Makes what every cluster has; where several servers share the datastore, all of them are behind the Service `kubernetes`. */
async function bootstrapAll(
  options: ControlPlaneOptions & Omit<BootstrapOptions, 'endpoint'> & { readonly port: number },
  lifecycle: Lifecycle,
): Promise<void> {
  const { storage, kubernetesService, advertiseAddresses, port, clock, logger } = options;
  if (storage.shared !== true) return bootstrap({ ...options, endpoint: { addresses: advertiseAddresses, port } });
  let isFirst = true;
  const publish = async (addresses: readonly string[]): Promise<void> => {
    const endpoint = { addresses, port };
    await (isFirst ? bootstrap({ ...options, endpoint }) : kubernetesService.publish(endpoint));
    isFirst = false;
  };
  lifecycle.add(await startServerAddresses({ storage, own: advertiseAddresses, publish, clock, logger }));
}

function defaultServiceCIDR(
  { client, serviceCIDRs: cidrs, clock, logger }: ControlPlaneOptions & { readonly client: Client },
  lifecycle: Lifecycle,
): DefaultServiceCIDR {
  const recorder = lifecycle.add(createRecorder({ client, clock, logger, component: serviceCIDRComponent }));
  return new DefaultServiceCIDR({ client, cidrs, recorder, clock, logger });
}

/** A client of one of the loops. */
type MakeClient = (name: string) => Client;

/** The loops of which a cluster runs one set: at once where there is one server, by Lease where several share the datastore. */
function controlLoops(
  options: ControlPlaneOptions &
    Pick<ControlPlane, 'client' | 'informers'> & {
      readonly rawGet: (path: string) => Promise<unknown>;
      readonly metrics: MetricRegistry;
    },
) {
  const config = options.schedulerConfig === undefined ? {} : { config: options.schedulerConfig };
  const { client, informers, clock, logger, pki } = options;
  // Both made once: who loses the lead and gets it again counts on.
  const queues = queueMetrics(options.metrics);
  let metrics: ReturnType<typeof schedulerMetrics> | undefined;
  const controllers = (make: MakeClient) =>
    startControllers({
      ...options,
      client: make('kube-controller-manager'),
      informers,
      queues,
      rootCA: pki.authority.cert,
      signer: nodeSigner(options),
    });
  const scheduler = (make: MakeClient) => {
    metrics ??= schedulerMetrics(options.metrics);
    return startScheduler({ client: make('kube-scheduler'), informers, clock, logger, metrics, ...config });
  };
  const identity = `${hostname()}_${randomUUID()}`;
  const elect = (name: string, start: (make: MakeClient) => Running): Running =>
    runAsLeader({
      client: client(name),
      clock,
      logger,
      name,
      identity,
      lead: (holds) => start((part) => guarded(client(part, holds), holds)),
      onLost: () => undefined,
    });
  // Upstream's servers all do this at once; one is enough, and events are told once.
  const repair = (make: MakeClient): Running => startServiceIPRepair({ client: make('apiserver'), informers, clock, logger });
  const withRepair = (make: MakeClient): Running => {
    const both = new Lifecycle();
    if (options.disableControllers !== true) both.add(controllers(make));
    both.add(repair(make));
    both.add(startNodePortWatch({ client: make('apiserver'), informers, clock, logger, range: defaultNodePorts }));
    return both;
  };
  const elected = (): Running => {
    const both = new Lifecycle();
    both.add(elect('kube-controller-manager', withRepair));
    if (options.disableScheduler !== true) both.add(elect('kube-scheduler', scheduler));
    return both;
  };
  return { controllers, scheduler, repair, elected };
}

function selfClient({ pki, listen: { host } }: ControlPlaneOptions, port: number): HttpsClient {
  const address = host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const { cert, key } = pki.admin;
  const server = `https://${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
  return httpsClient({ server, ca: pki.authority.cert, cert, key, userAgent: 'kube-controller-manager' });
}

/** Signs with the cluster's authority what somebody has approved. */
function nodeSigner({ pki, clock }: ControlPlaneOptions): CertificateSigner {
  return {
    joiner: joinUser.name,
    read: async (request) => (await import('../auth/certificates.ts')).readRequest(request),
    sign: async (request, options) =>
      (await import('../auth/certificates.ts')).signRequest(pki.authority, request, { ...options, now: clock.now() }),
  };
}

/** The prose of `kubectl explain`: beside the bundle, in development where hack/descriptions.ts leaves it. */
function descriptionsFile(): string {
  const bundled = join(import.meta.dirname, 'descriptions.json');
  return existsSync(bundled) ? bundled : join(import.meta.dirname, '..', '..', '.cache', 'descriptions.json');
}

/** The names by which Kubernetes' own parts own fields. */
function fieldManagerOf(part: string): string {
  if (part.startsWith('node:')) return 'kubelet';
  return part === 'apiserver' ? 'kube-apiserver' : part;
}

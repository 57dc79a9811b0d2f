/** The built-in Ingress controller: two listening ports, routes and certificates from the cluster, backends reached at their endpoints. */
import type { ServerOptions } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { ServerOptions as TlsServerOptions } from 'node:https';
import type { Ingress } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { MetricRegistry } from '../base/metrics.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { Backends } from './backends.ts';
import type { KeyPair } from './certificates.ts';
import { Certificates } from './certificates.ts';
import { ensureIngressClass } from './classes.ts';
import type { Timeouts } from './connections.ts';
import { usualTimeouts } from './connections.ts';
import { Edge } from './edge.ts';
import { ingressMetrics } from './metrics.ts';
import { startProblems } from './problems.ts';
import type { ServeOptions } from './serve.ts';
import { serve } from './serve.ts';
import { startStatus } from './status.ts';
import { trustedProxies } from './trust.ts';
import { mayUpgrade } from './upgrade.ts';

export interface IngressOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0: a free one. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Addresses at which this server's node is reached; they become the Ingresses' status. */
  readonly addresses: readonly string[];
  /** The certificate for names that no Ingress has one for. */
  readonly fallback: KeyPair;
  readonly timeouts?: Timeouts;
  /** CIDRs of proxies that may say who a request comes from. */
  readonly trustedProxies?: readonly string[];
  /** Connections an address that is no trusted proxy's may have. Default 2000. */
  readonly maxPerAddress?: number;
  /** Where figures are shown; missing: nowhere. */
  readonly metrics?: MetricRegistry;
}

export interface IngressServer extends Running {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Resolves when the routes that are there are served. */
  readonly synced: Promise<void>;
}

/** Rejects when a port cannot be had (EADDRINUSE, EACCES); then nothing is left running. */
export async function startIngress(options: IngressOptions): Promise<IngressServer> {
  const { informers, logger, clock, timeouts = usualTimeouts } = options;
  const lifecycle = new Lifecycle();
  try {
    const metrics = ingressMetrics(options.metrics ?? new MetricRegistry());
    const trusted = trustedProxies(options.trustedProxies ?? []);
    const backends = new Backends(informers.of(refs.services), informers.of(refs.endpointSlices), clock);
    const secrets = informers.of(refs.secrets);
    const certificates = new Certificates({ ...options, secret: (key) => secrets.store.get(key) });
    let httpsPort = options.httpsPort;
    const parts = { informers, clock, logger, timeouts, trusted, metrics, backends, certificates };
    const edge = new Edge({ ...parts, httpsPort: () => httpsPort });
    const synced = edge.follow(lifecycle);
    const common: Omit<ServeOptions, 'server'> = {
      upgrade: edge.upgrade,
      clock,
      maxPerAddress: options.maxPerAddress ?? 2000,
      isExempt: (address) => trusted.has(address),
      dropped: (reason) => metrics.dropped(reason),
    };
    const plain = serve({ ...common, server: createServer(serverOptions, edge.listener) });
    const secure = createTlsServer({ ...serverOptions, ...tlsOptions(options, edge, certificates) }, edge.listener);
    const tls = serve({ ...common, server: secure, http2: edge.http2 });
    lifecycle.add(running(() => Promise.all([plain.stop(), tls.stop()]).then(() => undefined)));
    metrics.follow({
      connections: () => ({ http: plain.connections, https: tls.connections }),
      expiries: () => (edge.refresh(), certificates.expiries()),
    });
    const httpPort = await plain.listen(options.httpPort);
    httpsPort = await tls.listen(options.httpsPort);
    await ensureIngressClass(options.client);
    const nodes = informers.of(refs.nodes);
    const isServed = (ingress: Ingress): boolean => edge.serves(ingress);
    lifecycle.add(startProblems({ ...options, isServed, ready: synced }));
    const status = { ...options, ingresses: informers.of(refs.ingresses), nodes, isServed };
    lifecycle.add(startStatus({ ...status, ready: Promise.all([synced, nodes.synced]) }));
    void synced.then(() => logger.info({ httpPort, httpsPort }, 'serving Ingresses'));
    return { httpPort, httpsPort, synced, ...running(() => lifecycle.stop()) };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

const serverOptions = {
  // A client has a minute for its headers; its body may take as long as it comes.
  headersTimeout: 60_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 32 * 1024,
  noDelay: true,
  shouldUpgradeCallback: mayUpgrade,
} satisfies ServerOptions;

function tlsOptions({ fallback }: IngressOptions, edge: Edge, certificates: Certificates): TlsServerOptions {
  return {
    cert: fallback.cert,
    key: fallback.key,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 20_000,
    ALPNProtocols: ['h2', 'http/1.1'],
    SNICallback: (name, done) => {
      edge.refresh();
      done(null, certificates.contextFor(name));
    },
  };
}

/** The cluster's DNS server: guarded -> kubernetes -> cached -> forwarder, over UDP and TCP. */
import type { Clock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { createInformers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { contains } from './addresses.ts';
import { cached } from './cache.ts';
import type { ZoneConfig } from './corefile.ts';
import type { CustomConfig } from './custom-config.ts';
import { followCustomConfig } from './custom-config.ts';
import type { Upstream } from './forward.ts';
import { forwarder } from './forward.ts';
import type { Handler } from './handler.ts';
import { guarded } from './handler.ts';
import { clusterView, kubernetesHandler } from './kubernetes.ts';
import { DnsMetrics } from './metrics.ts';
import { measureProgramming } from './programming.ts';
import type { ClusterView } from './records.ts';
import { ReplyCache } from './reply-cache.ts';
import { followResolvConf } from './resolv-conf.ts';
import type { DnsListener, ListenAddress, ListenOptions } from './server.ts';
import { listen } from './server.ts';
import { startStatusServer } from './status-server.ts';
import { outerHandler, zonesHandler } from './zones.ts';

export { publishDnsService, usualStatusPort } from './publish.ts';

export interface DnsOptions {
  readonly client: Client;
  /** Caches to share with other parts of the process; without them the server keeps its own. */
  readonly informers?: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Specific addresses (a wildcard would answer from another address than it was asked at). Every port 0 becomes the same free one. */
  readonly listen: readonly ListenAddress[];
  readonly clusterDomain: string;
  /** Addresses of the DNS Service. */
  readonly clusterDNS?: readonly string[];
  /** Addresses of services and pods: no other server is asked about them. */
  readonly serviceCIDRs: readonly string[];
  readonly clusterCIDRs?: readonly string[];
  /** Who is asked about everything else; default: the machine's /etc/resolv.conf. */
  readonly upstreams?: readonly Upstream[];
  /** Where /metrics, /health and /ready are, at the addresses of `listen`; a port in use leaves them out. Default: nowhere. */
  readonly statusPort?: number;
}

export interface DnsServer extends Running {
  /** In the order of `listen`. */
  readonly ports: readonly number[];
  /** Resolves when answers come from full caches; until then names of the cluster get SERVFAIL. */
  readonly synced: Promise<void>;
}

/** Rejects when an address cannot be listened on. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { logger } = options;
  const lifecycle = new Lifecycle();
  try {
    const informers = options.informers ?? lifecycle.add(createInformers(options));
    const cluster = {
      services: informers.of(refs.services),
      slices: informers.of(refs.endpointSlices),
      namespaces: informers.of(refs.namespaces),
    };
    const all = Object.values(cluster);
    const custom = lifecycle.add(followCustomConfig(options));
    const metrics = new DnsMetrics();
    lifecycle.add(measureProgramming({ ...cluster, clock: options.clock, metrics }));
    const hasSynced = (): boolean => all.every((informer) => informer.hasSynced);
    const handler = handlerOf(options, {
      cluster: clusterView(cluster),
      custom,
      metrics,
      upstreams: upstreamsOf(options),
      serial: () => Math.max(...all.map((informer) => informer.revision)),
      hasSynced,
    });
    // A sum and not the newest: what one informer hears late must count too.
    const { services, slices, namespaces } = cluster;
    const replies = new ReplyCache(() => services.revision + slices.revision + namespaces.revision + custom.revision);
    const listeners = await listenAll(options.listen, { handler, replies, metrics });
    for (const listener of listeners) lifecycle.add(listener);
    if (options.statusPort !== undefined) {
      const hosts = options.listen.map(({ host }) => host);
      const status = { hosts, port: options.statusPort, metrics: () => metrics.registry.text(), isReady: hasSynced };
      await startStatusServer(status).then(
        (running) => lifecycle.add(running),
        (error: unknown) => logger.warn({ err: error }, 'metrics of DNS are not shown'),
      );
    }
    return {
      ports: listeners.map((listener) => listener.port),
      synced: Promise.all([...all, custom].map((part) => part.synced)).then(() => undefined),
      ...running(() => lifecycle.stop()),
    };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

function upstreamsOf(options: DnsOptions): () => readonly Upstream[] {
  const { upstreams: fixed, clock, logger } = options;
  if (fixed !== undefined) return () => fixed;
  const except = (host: string): boolean => contains(ownCIDRsOf(options), host.replace(/%.*$/, ''));
  const upstreams = followResolvConf({ file: '/etc/resolv.conf', except, clock });
  if (upstreams().length === 0) logger.warn({}, 'no upstream DNS server: names outside of the cluster are denied until there is one');
  return upstreams;
}

function ownCIDRsOf({ serviceCIDRs, clusterCIDRs = [] }: DnsOptions): readonly string[] {
  return [...serviceCIDRs, ...clusterCIDRs];
}

interface HandlerParts {
  readonly cluster: ClusterView;
  readonly custom: CustomConfig;
  readonly metrics: DnsMetrics;
  readonly upstreams: () => readonly Upstream[];
  readonly serial: () => number;
  readonly hasSynced: () => boolean;
}

/** The chain: guard, extra zones, the cluster, other servers for everything, the machine's servers. */
function handlerOf(options: DnsOptions, parts: HandlerParts): Handler {
  const { clock, logger } = options;
  const { custom, metrics } = parts;
  const outer = (upstreams: () => readonly Upstream[], longestSeconds?: number): Handler =>
    cached({ clock, metrics, ...(longestSeconds === undefined ? {} : { longestSeconds }) }, forwarder({ upstreams, clock, metrics }));
  const forwarders = new WeakMap<ZoneConfig, Handler>();
  const forwarderOf = (zone: ZoneConfig): Handler => {
    const known = forwarders.get(zone) ?? outer(() => zone.upstreams, zone.cacheSeconds);
    forwarders.set(zone, known);
    return known;
  };
  const zones = { config: () => custom.current, forwarderOf };
  const zone = {
    domain: options.clusterDomain.toLowerCase(),
    dnsIPs: options.clusterDNS ?? [],
    ownCIDRs: ownCIDRsOf(options),
    serial: parts.serial,
    hasSynced: parts.hasSynced,
  };
  const kubernetes = kubernetesHandler(parts.cluster, zone, outerHandler(zones, outer(parts.upstreams)));
  return guarded(zonesHandler(zones, kubernetes), (error, { query }) => {
    metrics.panics.inc(error instanceof AggregateError ? 0 : 1);
    logger.debug({ err: error, name: query.question.name, type: query.question.type }, 'DNS question failed');
  });
}

/** Opens all or none. */
async function listenAll(addresses: readonly ListenAddress[], options: ListenOptions): Promise<DnsListener[]> {
  for (let attempt = 0; ; attempt++) {
    const listeners: DnsListener[] = [];
    try {
      let chosen = 0;
      for (const { host, port } of addresses) {
        const listener = await listen({ host, port: port === 0 ? chosen : port }, options);
        listeners.push(listener);
        if (port === 0) chosen = listener.port;
      }
      return listeners;
    } catch (error) {
      for (const listener of listeners) await listener.stop();
      // The port that was free on one address is in use on another.
      if (attempt >= 10 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || addresses.every(({ port }) => port !== 0)) throw error;
    }
  }
}

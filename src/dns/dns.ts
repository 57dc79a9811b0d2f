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
import type { Upstream } from './forward.ts';
import { forwarder, readUpstreams } from './forward.ts';
import type { Handler } from './handler.ts';
import { guarded } from './handler.ts';
import { clusterView, kubernetesHandler } from './kubernetes.ts';
import type { DnsListener, ListenAddress } from './server.ts';
import { listen } from './server.ts';

export { publishDnsService } from './publish.ts';

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
}

export interface DnsServer extends Running {
  /** In the order of `listen`. */
  readonly ports: readonly number[];
  /** Resolves when answers come from full caches; until then names of the cluster get SERVFAIL. */
  readonly synced: Promise<void>;
}

/** Rejects when an address cannot be listened on. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { clock, logger } = options;
  const lifecycle = new Lifecycle();
  try {
    const informers = options.informers ?? lifecycle.add(createInformers(options));
    const cluster = {
      services: informers.of(refs.services),
      slices: informers.of(refs.endpointSlices),
      namespaces: informers.of(refs.namespaces),
    };
    const all = Object.values(cluster);
    const ownCIDRs = [...options.serviceCIDRs, ...(options.clusterCIDRs ?? [])];
    const ourselves = (host: string): boolean => contains(ownCIDRs, host.replace(/%.*$/, ''));
    const upstreams = options.upstreams ?? (await readUpstreams('/etc/resolv.conf', ourselves));
    if (upstreams.length === 0) logger.warn({}, 'no upstream DNS server: names outside of the cluster are refused');
    const kubernetes = kubernetesHandler(
      clusterView(cluster),
      {
        domain: options.clusterDomain.toLowerCase(),
        dnsIPs: options.clusterDNS ?? [],
        ownCIDRs,
        serial: () => Math.max(...all.map((informer) => informer.revision)),
        hasSynced: () => all.every((informer) => informer.hasSynced),
      },
      cached(clock, forwarder({ upstreams, clock })),
    );
    const handler = guarded(kubernetes, (error, { query }) =>
      logger.debug({ err: error, name: query.question.name, type: query.question.type }, 'DNS question failed'),
    );
    const listeners = await listenAll(options.listen, handler);
    for (const listener of listeners) lifecycle.add(listener);
    return {
      ports: listeners.map((listener) => listener.port),
      synced: Promise.all(all.map((informer) => informer.synced)).then(() => undefined),
      ...running(() => lifecycle.stop()),
    };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

/** Opens all or none. */
async function listenAll(addresses: readonly ListenAddress[], handler: Handler): Promise<DnsListener[]> {
  for (let attempt = 0; ; attempt++) {
    const listeners: DnsListener[] = [];
    try {
      let chosen = 0;
      for (const { host, port } of addresses) {
        const listener = await listen({ host, port: port === 0 ? chosen : port }, handler);
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

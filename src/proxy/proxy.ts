/**
 * The service proxy of a node: Services and EndpointSlices to nftables, or, where those cannot be had, to proxies in this process.
 * Stopping leaves nftables rules, so traffic goes on while Coracle restarts.
 */
import type { EndpointSlice, Node, Service, ServiceCIDR } from '../api/generated/types.ts';
import { jsonEqual } from '../base/json-equal.ts';
import type { Clock } from '../base/clock.ts';
import type { Commands } from '../base/command.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { createSeriesRecorder } from '../client/events.ts';
import type { Informers } from '../client/informer-factory.ts';
import { createInformers } from '../client/informer-factory.ts';
import { indexers, keyOf, splitKey } from '../client/informer-store.ts';
import type { Informer } from '../client/informer.ts';
import { refs } from '../client/refs.ts';
import { canonicalAddresses } from './addresses.ts';
import { createFlowCleaner } from './conntrack.ts';
import { Follower } from './follower.ts';
import { startHealthServers } from './health/health-servers.ts';
import { HealthState } from './health/proxy-health.ts';
import { createServiceHealth } from './health/service-health.ts';
import { createProxyMetrics } from './metrics.ts';
import { openSink, type ProxyMode } from './open-sink.ts';

export interface ProxyOptions {
  readonly client: Client;
  /** Caches to share with other parts of the process; without them the proxy keeps its own. */
  readonly informers?: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Six hex digits that mark everything made on the host. */
  readonly instance: string;
  readonly nodeName: string;
  readonly nodeIPs?: readonly string[];
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  /** CIDRs of the addresses that serve NodePorts; default: all of the host's, 127.0.0.1 included. */
  readonly nodePortAddresses?: readonly string[];
  readonly commands: Commands;
  /** Default: nftables where they can be had, else userspace. */
  readonly mode?: ProxyMode;
  /** Where /healthz and /livez, and on 127.0.0.1 /metrics, are served; undefined: nowhere. Usual: 10256 and 10249. */
  readonly healthPorts?: { readonly healthz: number; readonly metrics: number };
}

export interface Proxy extends Running {
  /** Resolves when the first rules are in force; rejects never (failures are retried and logged). */
  readonly synced: Promise<void>;
  readonly mode: 'nftables' | 'userspace';
  /** Resolves when everything the informers have delivered so far is in force. */
  settled(): Promise<void>;
}

const serviceNameLabel = 'kubernetes.io/service-name';
const headlessLabel = 'service.kubernetes.io/headless';
const zoneLabel = 'topology.kubernetes.io/zone';
const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time';
const bySliceService = `label:${serviceNameLabel}`;

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { clock, logger, client, nodeName, nodeIPs = [] } = options;
  const lifecycle = new Lifecycle();
  const informers = options.informers ?? lifecycle.add(createInformers(options));
  const services = informers.of(refs.services);
  const slices = informers.of(refs.endpointSlices);
  const nodes = informers.of(refs.nodes);
  const cidrs = informers.of(refs.serviceCIDRs);
  slices.addIndexer(bySliceService, indexers.label(serviceNameLabel));
  const sink = lifecycle.add(await openSink(options, { onLost: () => follower.reapply() }));
  const state = new HealthState(clock, sink.families);
  const metrics = createProxyMetrics();
  const events = lifecycle.add(createSeriesRecorder({ client, clock, logger, component: 'kube-proxy', pace: { perSecond: 5, burst: 25 } }));
  const serviceHealth = lifecycle.add(
    createServiceHealth({
      ...{ logger, nodeName, families: sink.families, proxyHealthy: () => state.healthy },
      onFailure: (service, message) =>
        events.event({ apiVersion: 'v1', kind: 'Service', ...splitKey(service) }, 'Warning', 'FailedToStartServiceHealthcheck', {
          action: 'Listen',
          message,
        }),
    }),
  );
  const follower: Follower = lifecycle.add(
    new Follower({
      ...{ clock, logger, nodeName, nodeIPs, services, sink, state, metrics, serviceHealth },
      zone: () => zoneOf(nodes.store.get(nodeName)),
      slicesOf: (service) => [...slices.store.byIndex(bySliceService, service)].filter(hasAddresses),
      cleaner: createFlowCleaner(options.commands.run, logger),
    }),
  );
  lifecycle.add(follow({ services, slices, nodes }, follower, options));
  lifecycle.add(
    followNode(nodes, nodeName, (node) => {
      sink.setRanges({ nodePodCIDRs: canonicalAddresses(node.spec.podCIDRs ?? []) });
      follower.reapply();
    }),
  );
  lifecycle.add(
    followServiceCIDRs(cidrs, (found) => {
      sink.setRanges({ serviceCIDRs: canonicalAddresses([...options.serviceCIDRs, ...found]) });
      follower.reapply();
    }),
  );
  if (options.healthPorts !== undefined) {
    const parts = { state, metrics, mode: sink.mode, node: () => nodes.store.get(nodeName) };
    lifecycle.add(await startHealthServers(options.healthPorts, parts, logger));
  }
  follower.begin(Promise.all([services.synced, slices.synced, nodes.synced, cidrs.synced]));
  return { synced: follower.synced, mode: sink.mode, settled: () => follower.settled(), ...running(() => lifecycle.stop()) };
}

interface Followed {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly nodes: Informer<Node>;
}

function follow({ services, slices, nodes }: Followed, follower: Follower, { nodeName, clock }: ProxyOptions): Running {
  const lifecycle = new Lifecycle();
  const started = clock.now();
  const onService = (service: Service): void => follower.serviceChanged(keyOf(service));
  const onSlice = (slice: EndpointSlice): void => {
    const at = Date.parse(slice.metadata.annotations?.[triggerTime] ?? '');
    follower.endpointsChanged(serviceOf(slice), at >= started ? at : undefined);
  };
  const onZone = (node: Node): void => {
    if (node.metadata.name === nodeName) follower.touchAll();
  };
  lifecycle.add(services.handle({ add: onService, update: (_old, service) => onService(service), delete: onService }));
  lifecycle.add(
    slices.handle({
      add: onSlice,
      update: (old, slice) => {
        if (serviceOf(old) !== serviceOf(slice)) follower.touch(serviceOf(old));
        onSlice(slice);
      },
      delete: onSlice,
    }),
  );
  lifecycle.add(nodes.handle({ add: onZone, update: (old, node) => (zoneOf(old) === zoneOf(node) ? undefined : onZone(node)) }));
  return lifecycle;
}

/** Tells a node whenever its pods' addresses come or change. */
function followNode(nodes: Informer<Node>, name: string, tell: (node: Node) => void): Running {
  const isMeant = (node: Node): boolean => node.metadata.name === name;
  return nodes.handle({
    add: (node) => (isMeant(node) ? tell(node) : undefined),
    update: (old, node) => (isMeant(node) && !jsonEqual(old.spec.podCIDRs, node.spec.podCIDRs) ? tell(node) : undefined),
  });
}

/** Tells all ranges whenever one comes, changes or goes. */
function followServiceCIDRs(cidrs: Informer<ServiceCIDR>, tell: (found: readonly string[]) => void): Running {
  const changed = (): void => tell([...cidrs.store.values()].flatMap(({ spec }) => spec.cidrs ?? []));
  return cidrs.handle({
    add: changed,
    update: (old, object) => (jsonEqual(old.spec, object.spec) ? undefined : changed()),
    delete: changed,
  });
}

function serviceOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}

function hasAddresses(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[headlessLabel] === undefined;
}

function zoneOf(node: Node | undefined): string | undefined {
  return node?.metadata.labels?.[zoneLabel];
}

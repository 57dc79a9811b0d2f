/** The built-in load balancer: fills in the status of Services of type LoadBalancer. What answers there is the proxy of each node. */
import type { EndpointSlice, LoadBalancerIngress, Node, Service } from '../../api/generated/types.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle, running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import type { Informer } from '../../client/informer.ts';
import { startReconciler, type Reconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { ingressOf, isOurs, nodeFacts, portsOf, reservedPorts, rivalOf } from './plan.ts';

export const serviceLBController: Controller = {
  name: 'service-lb-controller',
  watches: ['services', 'nodes', 'endpointslices'],
  start,
};

const serviceName = 'kubernetes.io/service-name';
const apiServer = 'default/kubernetes';
/** Upstream's sign that a balancer serves this Service, and may want to clean up before it goes. */
const cleanupFinalizer = 'service.kubernetes.io/load-balancer-cleanup';

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues, settings } = context;
  if (settings.disableServiceLB === true) return running(() => undefined);
  const lifecycle = new Lifecycle();
  const services = informers.of(refs.services);
  const nodes = informers.of(refs.nodes);
  const slices = informers.of(refs.endpointSlices);
  slices.addIndexer('service', indexers.label(serviceName));
  services.addIndexer('balanced-port', (service) => (isOurs(service) ? portsOf(service) : []));
  const api = client.resource(refs.services);
  const events = context.recorder('service-controller');
  /** What each Service was given, so that what somebody else writes into a status stays until the answer is another. */
  const given = new Map<string, readonly LoadBalancerIngress[]>();
  /** Who got ports just now; the cache tells of it later. */
  const taking = new Set<string>();
  const holds = (service: Service): boolean => taking.has(keyOf(service)) || (service.status.loadBalancer?.ingress ?? []).length > 0;

  async function reconcile(key: string): Promise<undefined> {
    const service = services.store.get(key);
    if (service !== undefined && isOurs(service)) {
      await balance(key, service);
      return;
    }
    const isEnding = service?.metadata.deletionTimestamp !== undefined;
    if (service !== undefined && !isEnding && given.has(key) && service.spec.loadBalancerClass === undefined) await write(service, []);
    taking.delete(key);
    given.delete(key);
    if (service !== undefined) await release(service);
  }

  /** Why the Service gets no addresses; undefined: it may have them. */
  function obstacleOf(service: Service): string | undefined {
    const ports = portsOf(service);
    const reserved = reservedPorts(nodes.store.values(), slices.store.byIndex('service', apiServer));
    const own = ports.find((port) => reserved.has(port));
    if (own !== undefined) return `port ${own} of the nodes is for ${reserved.get(own) ?? ''}`;
    const sharing = ports.flatMap((port) => [...services.store.byIndex('balanced-port', port)]);
    const rivals = sharing.filter((other) => !portsOf(other).some((port) => reserved.has(port)));
    const rival = rivalOf(service, rivals, holds);
    return rival === undefined ? undefined : `port ${rival.port} is taken by service ${keyOf(rival.service)}`;
  }

  async function balance(key: string, service: Service): Promise<void> {
    const obstacle = obstacleOf(service);
    if (obstacle === undefined) taking.add(key);
    else taking.delete(key);
    const ingress =
      obstacle === undefined ? ingressOf(service, { nodes: nodes.store.values(), slices: slices.store.byIndex('service', key) }) : [];
    if (jsonEqual(given.get(key), ingress)) return;
    if (!finalizersOf(service).includes(cleanupFinalizer)) {
      await writeFinalizers(service, [...finalizersOf(service), cleanupFinalizer]);
      // The cache brings the Service again, with the finalizer.
      return;
    }
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      events.event(referenceTo(refs.services, service), type, reason, message);
    if (obstacle !== undefined) tell('Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${obstacle}`);
    const has = (service.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
    const wants = ingress.map(({ ip }) => ip ?? '');
    if (!jsonEqual(has, wants)) {
      if (obstacle === undefined) tell('Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
      await write(service, ingress);
      if (obstacle === undefined) tell('Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
    }
    given.set(key, ingress);
  }

  async function write(service: Service, ingress: LoadBalancerIngress[]): Promise<void> {
    await api.updateStatus({ ...service, status: { ...service.status, loadBalancer: ingress.length === 0 ? {} : { ingress } } });
  }

  async function release(service: Service): Promise<void> {
    const finalizers = finalizersOf(service);
    if (service.spec.loadBalancerClass !== undefined || !finalizers.includes(cleanupFinalizer)) return;
    await writeFinalizers(
      service,
      finalizers.filter((finalizer) => finalizer !== cleanupFinalizer),
    );
  }

  async function writeFinalizers({ metadata }: Service, finalizers: readonly string[]): Promise<void> {
    const { namespace = '', name, uid, resourceVersion } = metadata;
    await api.patch(namespace, name, { type: 'application/merge-patch+json', body: { metadata: { uid, resourceVersion, finalizers } } });
  }

  const ready = Promise.all([services.synced, nodes.synced, slices.synced]);
  const loop = lifecycle.add(startReconciler({ name: 'service-lb-controller', clock, logger, queues, ready, reconcile }));
  lifecycle.add(follow({ services, nodes, slices }, loop));
  return lifecycle;
}

function finalizersOf({ metadata }: Service): readonly string[] {
  return metadata.finalizers ?? [];
}

interface Followed {
  readonly services: Informer<Service>;
  readonly nodes: Informer<Node>;
  readonly slices: Informer<EndpointSlice>;
}

/** A status that changes is no reason: somebody else may have written it. */
function follow({ services, nodes, slices }: Followed, loop: Reconciler): Running {
  const lifecycle = new Lifecycle();
  const sharing = (service: Service): void => {
    for (const port of portsOf(service)) for (const other of services.store.byIndex('balanced-port', port)) loop.enqueue(keyOf(other));
  };
  lifecycle.add(
    services.handle({
      add: (service) => isOurs(service) && loop.enqueue(keyOf(service)),
      update: (old, service) => {
        const isSame = (of: (service: Service) => unknown): boolean => jsonEqual(of(old), of(service));
        if (isSame(({ spec }) => spec) && isSame(({ metadata }) => metadata.deletionTimestamp) && isSame(finalizersOf)) return;
        loop.enqueue(keyOf(service));
        if (isOurs(old)) sharing(old);
      },
      delete: (service) => {
        loop.enqueue(keyOf(service));
        if (isOurs(service)) sharing(service);
      },
    }),
  );
  const all = (): void => {
    for (const service of services.store.values()) if (isOurs(service)) loop.enqueue(keyOf(service));
  };
  lifecycle.add(nodes.handle({ add: all, update: (old, node) => (nodeFacts(old) === nodeFacts(node) ? undefined : all()), delete: all }));
  loop.watch(slices, ({ metadata: { namespace = '', labels } }) => {
    const key = joinKey(namespace, labels?.[serviceName] ?? '');
    // The ports of the API server are known late at most once in the life of a cluster.
    if (key === apiServer) return [...services.store.values()].filter(isOurs).map(keyOf);
    const service = services.store.get(key);
    return service !== undefined && isOurs(service) && service.spec.externalTrafficPolicy === 'Local' ? [key] : [];
  });
  return lifecycle;
}

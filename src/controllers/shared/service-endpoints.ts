/** Which pods serve a Service, on which ports and addresses: k8s.io/endpointslice utils.go and util/controller_utils.go. */
import type { Pod, Service, ServicePort } from '../../api/generated/types.ts';
import { mapMatcher } from '../../api/label-selector.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers, keyOf } from '../../client/informer-store.ts';
import { isPodTerminal } from './pods.ts';

export type Family = 'IPv4' | 'IPv6';

export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** A pod is an endpoint while it can have connections: it has an address and has not ended. */
export function isEndpoint(pod: Pod, withTerminating: boolean): boolean {
  if (isPodTerminal(pod) || addressesOf(pod).length === 0) return false;
  return withTerminating || pod.metadata.deletionTimestamp === undefined;
}

export function addressesOf(pod: Pod): string[] {
  const all = (pod.status.podIPs ?? []).map(({ ip }) => ip ?? '').filter((ip) => ip !== '');
  return all.length > 0 ? all : [pod.status.podIP ?? ''].filter((ip) => ip !== '');
}

/** The pod's port behind a Service port; undefined when it has no port of that name. */
export function targetPortOf(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = container.ports?.find(({ name, protocol = 'TCP' }) => name === target && protocol === (port.protocol ?? 'TCP'));
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}

export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname = '', subdomain } = pod.spec;
  return hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === 'None' || (service.spec.clusterIP ?? '') === '';
}

/** Whether its endpoints are ours to keep. */
export function isManaged(service: Service): boolean {
  return service.spec.type !== 'ExternalName' && service.spec.selector !== undefined;
}

/** Pods and Services by namespace, and who selects whom. */
export class ServiceIndex {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;

  constructor(services: Informer<Service>, pods: Informer<Pod>) {
    this.services = services;
    this.pods = pods;
    services.addIndexer('namespace', indexers.namespace);
    pods.addIndexer('namespace', indexers.namespace);
  }

  /** Keys of the managed Services that select the pod. */
  selecting(pod: Pod): string[] {
    const services = [...this.services.store.byIndex('namespace', pod.metadata.namespace ?? '')];
    return services.filter((service) => isManaged(service) && mapMatcher(service.spec.selector)(pod.metadata.labels)).map(keyOf);
  }

  podsOf(service: Service): Pod[] {
    const matches = mapMatcher(service.spec.selector);
    return [...this.pods.store.byIndex('namespace', service.metadata.namespace ?? '')].filter((pod) => matches(pod.metadata.labels));
  }

  /** Calls `enqueue` for Services whose endpoints a change of a pod may change. */
  follow(enqueue: (key: string) => void): ReturnType<Informer<Pod>['handle']> {
    const all = (pod: Pod): void => this.selecting(pod).forEach(enqueue);
    return this.pods.handle({
      add: all,
      update: (old, pod) => {
        if (endpointFacts(old) === endpointFacts(pod)) return;
        all(old);
        all(pod);
      },
      delete: all,
    });
  }
}

/** What of a pod endpoints depend on, as text. */
function endpointFacts(pod: Pod): string {
  const { labels, deletionTimestamp, uid } = pod.metadata;
  const ready = pod.status.conditions?.find((condition) => condition.type === 'Ready')?.status;
  const { nodeName, hostname, subdomain } = pod.spec;
  return JSON.stringify([
    uid,
    labels,
    deletionTimestamp === undefined,
    ready,
    pod.status.phase,
    pod.status.podIP,
    pod.status.podIPs,
    nodeName,
    hostname,
    subdomain,
  ]);
}

/** Where a Service's port is served: the addresses of its ready endpoints, straight from the EndpointSlices. */
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { indexers, joinKey } from '../client/informer-store.ts';
import type { Informer } from '../client/informer.ts';
import type { Backend } from './routes.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Ready endpoints of one port; when none is, those that end but still serve. One family: the Service's first that has any. */
export function targetsOf(service: Service, slices: Iterable<EndpointSlice>, port: number | string): Target[] {
  const { ports = [], ipFamilies = [], type } = service.spec ?? {};
  // An external name could be any address of the node's own network.
  if (type === 'ExternalName') return [];
  const found = ports.find((one) => (typeof port === 'number' ? one.port === port : one.name === port));
  if (found === undefined) return [];
  const own = [...slices].filter(({ addressType }) => addressType !== 'FQDN');
  const families = [...new Set([...ipFamilies, 'IPv4', 'IPv6'])];
  for (const usable of [isReady, isServing]) {
    for (const family of families) {
      const targets = own
        .filter(({ addressType }) => addressType === family)
        .flatMap((slice) => sliceTargets(slice, found.name ?? '', usable));
      if (targets.length > 0) return targets;
    }
  }
  return [];
}

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false;
}

function isServing({ conditions }: Endpoint): boolean {
  return conditions?.serving === true && conditions.terminating === true;
}

function sliceTargets({ ports, endpoints }: EndpointSlice, name: string, usable: (endpoint: Endpoint) => boolean): Target[] {
  const port = (ports ?? []).find((one) => (one.name ?? '') === name && (one.protocol ?? 'TCP') === 'TCP')?.port;
  if (port === undefined) return [];
  return (endpoints ?? []).filter(usable).flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port })));
}

const serviceNameLabel = 'kubernetes.io/service-name';
const bySliceService = `label:${serviceNameLabel}`;

interface Balanced {
  readonly targets: readonly Target[];
  next: number;
}

/** The targets of backends, worked out when first asked for and after each change of the Service or its slices; taken in turn. */
export class Backends {
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #known = new Map<string, Map<number | string, Balanced>>();

  constructor(services: Informer<Service>, slices: Informer<EndpointSlice>) {
    this.#services = services;
    this.#slices = slices;
    slices.addIndexer(bySliceService, indexers.label(serviceNameLabel));
  }

  serviceChanged({ metadata }: Service): void {
    this.#known.delete(joinKey(metadata.namespace ?? '', metadata.name));
  }

  sliceChanged({ metadata }: EndpointSlice): void {
    this.#known.delete(joinKey(metadata.namespace ?? '', metadata.labels?.[serviceNameLabel] ?? ''));
  }

  /** The next target, another one than `not` where there is one; undefined when nothing serves. */
  next(backend: Backend, not?: Target): Target | undefined {
    const balanced = this.#balanced(backend);
    const { targets } = balanced;
    for (let tries = 0; tries < targets.length; tries++) {
      const target = targets[balanced.next++ % targets.length];
      if (target !== not || targets.length === 1) return target;
    }
    return undefined;
  }

  #balanced({ namespace, service: name, port }: Backend): Balanced {
    const key = joinKey(namespace, name);
    const ports = this.#known.get(key) ?? new Map<number | string, Balanced>();
    const known = ports.get(port);
    if (known !== undefined) return known;
    const service = this.#services.store.get(key);
    const targets = service === undefined ? [] : targetsOf(service, this.#slices.store.byIndex(bySliceService, key), port);
    const balanced: Balanced = { targets, next: 0 };
    ports.set(port, balanced);
    this.#known.set(key, ports);
    return balanced;
  }
}

/** Where a Service's port is served: the addresses of its ready endpoints, straight from the EndpointSlices. */
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import { indexers, joinKey } from '../client/informer-store.ts';
import type { Informer } from '../client/informer.ts';
import type { BackendProtocol } from './policy.ts';
import { protocolOf } from './policy.ts';
import type { Backend } from './routes.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Ready endpoints of one port; when none is, those that end but still serve. One family: the Service's first that has any. */
export function targetsOf(service: Service, slices: Iterable<EndpointSlice>, port: number | string): Target[] {
  const { ipFamilies = [], type } = service.spec ?? {};
  // An external name could be any address of the node's own network.
  if (type === 'ExternalName') return [];
  const found = portOf(service, port);
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

/** The Service's port of this number or name. */
export function portOf({ spec }: Service, port: number | string): ServicePort | undefined {
  return (spec?.ports ?? []).find((one) => (typeof port === 'number' ? one.port === port : one.name === port));
}

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];
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
  readonly protocol: BackendProtocol;
  next: number;
}

/** How long an endpoint that did not take a connection is passed over where there are others, in ms. */
const avoidMs = 5000;

/** The targets of backends, worked out when first asked for and after each change of the Service or its slices; taken in turn. */
export class Backends {
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Map<number | string, Balanced>>();
  /** Until when endpoints are avoided, by the clock's monotonic time. */
  readonly #avoided = new Map<string, number>();

  constructor(services: Informer<Service>, slices: Informer<EndpointSlice>, clock: Clock) {
    this.#services = services;
    this.#slices = slices;
    this.#clock = clock;
    slices.addIndexer(bySliceService, indexers.label(serviceNameLabel));
  }

  serviceChanged({ metadata }: Service): void {
    this.#known.delete(joinKey(metadata.namespace ?? '', metadata.name));
  }

  sliceChanged({ metadata }: EndpointSlice): void {
    this.#known.delete(joinKey(metadata.namespace ?? '', metadata.labels?.[serviceNameLabel] ?? ''));
  }

  /** How the Service's port says that it is spoken to. */
  protocol(backend: Backend): BackendProtocol {
    return this.#balanced(backend).protocol;
  }

  /** The next target: of those not tried yet, one that took its last connection where there is one; undefined when none is left. */
  next(backend: Backend, tried: readonly Target[] = []): Target | undefined {
    const balanced = this.#balanced(backend);
    const { targets } = balanced;
    let second: Target | undefined;
    for (let tries = 0; tries < targets.length; tries++) {
      const target = targets[balanced.next++ % targets.length];
      if (target === undefined || tried.includes(target)) continue;
      if (this.#avoided.size === 0 || !this.#isAvoided(target)) return target;
      second ??= target;
    }
    return second;
  }

  /** This endpoint did not take a connection. */
  failed(target: Target): void {
    this.#avoided.set(nameOf(target), this.#clock.monotonic() + avoidMs);
  }

  #isAvoided(target: Target): boolean {
    const name = nameOf(target);
    const until = this.#avoided.get(name);
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#avoided.delete(name);
    return false;
  }

  #balanced({ namespace, service: name, port }: Backend): Balanced {
    const key = joinKey(namespace, name);
    const ports = this.#known.get(key) ?? new Map<number | string, Balanced>();
    const known = ports.get(port);
    if (known !== undefined) return known;
    const service = this.#services.store.get(key);
    const targets = service === undefined ? [] : targetsOf(service, this.#slices.store.byIndex(bySliceService, key), port);
    const balanced: Balanced = { targets, protocol: protocolOf(service && portOf(service, port)?.appProtocol), next: 0 };
    ports.set(port, balanced);
    this.#known.set(key, ports);
    return balanced;
  }
}

function nameOf({ host, port }: Target): string {
  return `${host} ${port}`;
}

/** Reserves cluster IPs and node ports for Services. pkg/registry/core/service/storage/alloc.go. */
import { ApiError } from '../../../api/errors.ts';
import type { Service } from '../../../api/generated/types.ts';
import { invalid, invalidObject, path, type FieldError } from '../../../api/field-errors.ts';
import type { Reservation } from '../../../registry/definition.ts';
import { familyOf, type Family } from '../../shared/ip.ts';
import type { ResourceDeps } from '../../deps.ts';
import { AddressAllocator, AllocationError, PortAllocator } from './allocators.ts';
import { headless, keepsPreferred, needsHealthCheckPort, needsNodePort, type Spec } from './families.ts';

export class ServiceAllocation {
  readonly families: readonly Family[];
  readonly #addresses: ReadonlyMap<Family, AddressAllocator>;
  readonly #ports: PortAllocator;
  readonly #deps: ResourceDeps;
  #loading: Promise<void> | undefined;

  constructor(deps: ResourceDeps) {
    const allocators = deps.serviceCIDRs.map((cidr) => new AddressAllocator(cidr));
    this.families = allocators.map((allocator) => allocator.family);
    this.#addresses = new Map(allocators.map((allocator) => [allocator.family, allocator]));
    this.#ports = new PortAllocator(deps.nodePorts ?? { first: 30000, last: 32767 });
    this.#deps = deps;
  }

  /** `dryRun`: node ports may lie outside the range, which only the store of ports minds. */
  async create(service: Service, dryRun = false): Promise<Reservation> {
    await this.#loaded();
    return this.#transaction({ service, dryRun }, (held) => {
      this.#takeAddresses(service.spec, held);
      if (needsPorts(service.spec)) this.#takeNewPorts(service.spec, held);
      if (needsHealthCheckPort(service.spec)) this.#takeHealthCheckPort(service.spec, held);
    });
  }

  async update(
    service: Service,
    { old, dryRun = false }: { readonly old: Service; readonly dryRun?: boolean | undefined },
  ): Promise<Reservation> {
    await this.#loaded();
    return this.#transaction({ service, dryRun }, (held) => {
      this.#updateAddresses(service.spec, old.spec, held);
      this.#updatePorts(service.spec, old.spec, held);
      const [needed, needs] = [needsHealthCheckPort(old.spec), needsHealthCheckPort(service.spec)];
      if (!needed && needs) this.#takeHealthCheckPort(service.spec, held);
      const { healthCheckNodePort } = old.spec;
      if (needed && !needs && healthCheckNodePort !== undefined) held.later.push(() => this.#ports.release(healthCheckNodePort));
    });
  }

  release({ spec }: Service): void {
    for (const address of addressesOf(spec)) this.#addresses.get(familyOf(address))?.release(address);
    for (const port of portsOf(spec)) this.#ports.release(port);
    if (needsHealthCheckPort(spec) && spec.healthCheckNodePort !== undefined) this.#ports.release(spec.healthCheckNodePort);
  }

  /** What the stored Services hold is taken once, before the first one is given anything. */
  #loaded(): Promise<void> {
    return (this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    }));
  }

  async #load(): Promise<void> {
    const listed = await this.#deps.stores('', 'v1', 'services')?.list({ namespace: '' });
    for (const { object } of listed?.entries ?? []) {
      const { spec } = object as unknown as Service;
      for (const address of addressesOf(spec)) attempt(() => this.#addresses.get(familyOf(address))?.take(address));
      for (const port of portsOf(spec)) attempt(() => this.#ports.take(port));
      if (needsHealthCheckPort(spec)) attempt(() => this.#ports.take(spec.healthCheckNodePort ?? 0));
    }
  }

  #transaction(subject: Pick<Held, 'service' | 'dryRun'>, take: (held: Held) => void): Reservation {
    const held: Held = { undo: [], later: [], ...subject };
    const rollback = (): void => held.undo.forEach((undo) => undo());
    try {
      take(held);
    } catch (error) {
      rollback();
      throw error;
    }
    return { commit: () => held.later.forEach((release) => release()), rollback };
  }

  #takeAddresses(spec: Spec, held: Held): void {
    if (spec.type === 'ExternalName' || headless(spec)) return;
    const asked = spec.clusterIPs ?? [];
    spec.clusterIPs = (spec.ipFamilies ?? []).map((family, index) =>
      this.#takeAddress(family as Family, asked[index] ?? '', { asked, held }),
    );
    spec.clusterIP = spec.clusterIPs[0] ?? '';
  }

  #takeAddress(family: Family, address: string, { asked, held }: { asked: readonly string[]; held: Held }): string {
    const allocator = this.#addresses.get(family);
    const at = path('spec', 'clusterIPs');
    try {
      if (allocator === undefined) throw new AllocationError(`${family} is not configured on this cluster`);
      if (address !== '') allocator.take(address);
      const taken = address === '' ? allocator.next() : address;
      held.undo.push(() => allocator.release(taken));
      return taken;
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      const { name } = held.service.metadata;
      if (error.full) throw internal(`failed to allocate a serviceIP for Service ${JSON.stringify(name)}: ${error.message}`, error);
      throw refused(
        held,
        invalid(
          at,
          [...asked],
          address === '' ? `failed to allocate IP: ${error.message}` : `failed to allocate IP ${address}: ${error.message}`,
        ),
      );
    }
  }

  #updateAddresses(spec: Spec, old: Spec, held: Held): void {
    if (keepsPreferred(spec, old)) return;
    if (old.type === 'ExternalName' && spec.type !== 'ExternalName') return this.#takeAddresses(spec, held);
    if (old.clusterIPs?.[0] === 'None') return;
    if (old.type !== 'ExternalName' && spec.type === 'ExternalName') return this.#releaseLater(old.clusterIPs ?? [], held);
    const [before, now] = [old.ipFamilies?.length ?? 0, spec.ipFamilies?.length ?? 0];
    if (before === 1 && now === 2) {
      const asked = spec.clusterIPs ?? [];
      const second = this.#takeAddress(spec.ipFamilies?.[1] as Family, asked[1] ?? '', { asked, held });
      spec.clusterIPs = [asked[0] ?? '', second];
    }
    if (before === 2 && now === 1) this.#releaseLater(old.clusterIPs?.slice(1) ?? [], held);
  }

  #releaseLater(addresses: readonly string[], held: Held): void {
    for (const address of addresses) held.later.push(() => this.#addresses.get(familyOf(address))?.release(address));
  }

  /** TCP and UDP of one port number share a node port, as DNS services like it. */
  #takeNewPorts(spec: Spec, held: Held): void {
    const given = new Map<number, number>();
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if ((port.nodePort ?? 0) === 0 && !needsNodePort(spec)) continue;
      const shared = given.get(port.port);
      if (shared === undefined) {
        const asked = spec.ports?.find((other) => other.port === port.port && (other.nodePort ?? 0) !== 0)?.nodePort;
        port.nodePort = this.#takePort(asked, index, held);
        given.set(port.port, port.nodePort);
      } else if ((port.nodePort ?? 0) === 0) port.nodePort = shared;
      else if (port.nodePort !== shared) this.#takePort(port.nodePort, index, held);
    }
  }

  #takePort(asked: number | undefined, index: number, held: Held): number {
    try {
      return this.#reservePort(asked, held);
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      if (asked === undefined) throw internal(`failed to allocate a nodePort: ${error.message}`, error);
      throw refused(held, invalid(path('spec', 'ports').index(index).child('nodePort'), asked, error.message));
    }
  }

  #reservePort(asked: number | undefined, held: Held): number {
    if (asked !== undefined && held.dryRun && !this.#ports.contains(asked)) return asked;
    if (asked !== undefined) this.#ports.take(asked);
    const port = asked ?? this.#ports.next();
    held.undo.push(() => this.#ports.release(port));
    return port;
  }

  #updatePorts(spec: Spec, old: Spec, held: Held): void {
    const before = portsOf(old);
    if (needsPorts(spec)) {
      const taken = new Set(before);
      for (const [index, port] of (spec.ports ?? []).entries()) {
        const asked = (port.nodePort ?? 0) === 0 ? undefined : port.nodePort;
        if (asked === undefined && !needsNodePort(spec)) continue;
        if (asked !== undefined && taken.has(asked)) continue;
        port.nodePort = this.#takePort(asked, index, held);
        taken.add(port.nodePort);
      }
    } else if (!needsPorts(old)) return;
    const now = new Set(portsOf(spec));
    for (const port of before) if (!now.has(port)) held.later.push(() => this.#ports.release(port));
  }

  #takeHealthCheckPort(spec: Spec, held: Held): void {
    const asked = (spec.healthCheckNodePort ?? 0) === 0 ? undefined : spec.healthCheckNodePort;
    try {
      spec.healthCheckNodePort = this.#reservePort(asked, held);
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      throw internal(
        `failed to allocate ${asked === undefined ? 'a' : 'requested'} HealthCheck NodePort ${String(asked ?? 0)}: ${error.message}`,
        error,
      );
    }
  }
}

interface Held {
  readonly service: Service;
  readonly dryRun: boolean;
  /** Gives back what this write took. */
  readonly undo: (() => void)[];
  /** Gives back, once the write is done, what the object no longer has. */
  readonly later: (() => void)[];
}

const needsPorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer';

function portsOf({ ports }: Spec): number[] {
  return [...new Set((ports ?? []).map((port) => port.nodePort ?? 0).filter((port) => port !== 0))];
}

function addressesOf(spec: Spec): readonly string[] {
  return spec.type === 'ExternalName' || headless(spec) ? [] : (spec.clusterIPs ?? []);
}

function attempt(take: () => void): void {
  try {
    take();
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
  }
}

function refused({ service }: Held, fault: FieldError): ApiError {
  return invalidObject({ group: '', kind: 'Service' }, service.metadata.name, [fault]);
}

function internal(message: string, cause: unknown): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${message}`, { cause, details: { causes: [{ reason: '', message }] } });
}

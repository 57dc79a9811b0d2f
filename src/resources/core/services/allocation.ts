/** Reserves cluster IPs and node ports for Services. pkg/registry/core/service/storage/alloc.go. */
import { ApiError } from '../../../api/errors.ts';
import type { Service } from '../../../api/generated/types.ts';
import { invalid, invalidObject, path } from '../../../api/field-errors.ts';
import { parseCidr } from '../../../api/ip.ts';
import type { Reservation } from '../../../registry/definition.ts';
import type { Entry } from '../../../registry/store.ts';
import type { Family } from '../../shared/ip.ts';
import type { ResourceDeps } from '../../deps.ts';
import { AllocationError } from './allocation-error.ts';
import { ClusterIPs } from './cluster-ips.ts';
import { hasNodePorts, headless, keepsPreferred, needsHealthCheckPort, needsNodePort, type Spec } from './families.ts';
import { defaultNodePorts, PortAllocator, PortOperation } from './node-ports.ts';
import { SharedPortBits } from './shared-ports.ts';

interface Write {
  readonly service: Service;
  /** Nothing is taken: what would be given is made up, or only looked for. */
  readonly dryRun: boolean;
}

/** What one write has taken so far, and what goes back when it is done. */
interface Held extends Write {
  readonly addresses: string[];
  readonly ports: PortOperation;
  /** Addresses the object no longer has. */
  readonly later: string[];
}

/** Upstream's repair interval. */
const sweepMs = 180_000;

export class ServiceAllocation {
  readonly families: readonly Family[];
  readonly #addresses: ClusterIPs;
  readonly #ports: PortAllocator;
  readonly #deps: ResourceDeps;
  #loading: Promise<void> | undefined;
  /** Ports that were taken though no Service had them, and when that is looked at again. */
  #leaked: ReadonlySet<number> = new Set();
  #sweepAt = 0;

  constructor(deps: ResourceDeps) {
    this.families = deps.serviceCIDRs.map((cidr) => (parseCidr(cidr)?.address.family === 6 ? 'IPv6' : 'IPv4'));
    this.#addresses = new ClusterIPs(deps);
    const range = deps.nodePorts ?? defaultNodePorts;
    this.#ports = new PortAllocator(range, deps.shared === undefined ? undefined : new SharedPortBits(deps.shared, range));
    this.#deps = deps;
  }

  create(service: Service, dryRun = false): Promise<Reservation> {
    const { spec } = service;
    return this.#transaction({ service, dryRun }, async (held) => {
      await this.#takeAddresses(held);
      if (hasNodePorts(spec)) await takeNewPorts(held);
      if (needsHealthCheckPort(spec)) await takeHealthCheckPort(held);
    });
  }

  update(
    service: Service,
    { old, dryRun = false }: { readonly old: Service; readonly dryRun?: boolean | undefined },
  ): Promise<Reservation> {
    const { spec } = service;
    return this.#transaction({ service, dryRun }, async (held) => {
      await this.#updateAddresses(held, old.spec);
      if (hasNodePorts(spec)) await updatePorts(held, old.spec);
      else if (hasNodePorts(old.spec)) held.ports.releaseLater(nodePortsOf(old.spec));
      const [needed, needs] = [needsHealthCheckPort(old.spec), needsHealthCheckPort(spec)];
      if (!needed && needs) await takeHealthCheckPort(held);
      if (needed && !needs && old.spec.healthCheckNodePort !== undefined) held.ports.releaseLater([old.spec.healthCheckNodePort]);
    });
  }

  /** When the Service has gone. */
  async release(service: Service): Promise<void> {
    const { spec } = service;
    await Promise.all([
      ...addressesOf(spec).map((address) => this.#addresses.release(service, address)),
      this.#ports.release([...nodePortsOf(spec), ...healthPortOf(spec)]),
    ]);
  }

  /** What the stored Services hold is taken once, before the first one is given anything. */
  #loaded(): Promise<void> {
    return (this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    }));
  }

  async #load(): Promise<void> {
    const specs = this.#specs((await this.#deps.stores('', 'v1', 'services')?.list({ namespace: '' }))?.entries);
    for (const spec of specs) this.#addresses.load(addressesOf(spec));
    await this.#reconcilePorts(specs);
  }

  /** Other servers may have died with ports that no Service got: looked for as often as upstream does, when one is asked for. */
  async #sweep(): Promise<void> {
    if (this.#deps.shared === undefined || this.#deps.clock.now() < this.#sweepAt) return;
    await this.#reconcilePorts(this.#specs(this.#deps.stores('', 'v1', 'services')?.knownIn?.('')));
  }

  async #reconcilePorts(specs: readonly Spec[]): Promise<void> {
    this.#sweepAt = this.#deps.clock.now() + sweepMs;
    this.#leaked = await this.#ports.reconcile(
      specs.flatMap((spec) => [...nodePortsOf(spec), ...healthPortOf(spec)]),
      this.#leaked,
    );
  }

  #specs(entries: readonly Entry[] = []): Spec[] {
    return entries.map(({ object }) => (object as unknown as Service).spec);
  }

  async #transaction({ service, dryRun }: Write, take: (held: Held) => Promise<void>): Promise<Reservation> {
    await this.#loaded();
    await this.#sweep();
    const held: Held = { service, dryRun, addresses: [], later: [], ports: new PortOperation(this.#ports, dryRun) };
    const release = async (addresses: readonly string[]): Promise<void> => {
      if (!dryRun) await Promise.all(addresses.map((address) => this.#addresses.release(service, address)));
    };
    const rollback = async (): Promise<void> => void (await Promise.all([release(held.addresses), held.ports.rollback()]));
    try {
      await take(held);
    } catch (error) {
      await rollback();
      throw error;
    }
    return { commit: async () => void (await Promise.all([release(held.later), held.ports.commit()])), rollback };
  }

  /** One for each family; the asked ones among them. */
  async #takeAddresses(held: Held): Promise<void> {
    const { spec } = held.service;
    if (spec.type === 'ExternalName' || headless(spec)) return;
    const families = (spec.ipFamilies ?? []) as Family[];
    const asked = (spec.clusterIPs = families.map((_, index) => spec.clusterIPs?.[index] ?? ''));
    const taken = await Promise.allSettled(families.map((family, index) => this.#takeAddress(held, family, asked[index] ?? '')));
    const failed = taken.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    spec.clusterIPs = taken.map((one) => (one.status === 'fulfilled' ? one.value : ''));
    spec.clusterIP = spec.clusterIPs[0] ?? '';
  }

  async #takeAddress(held: Held, family: Family, address: string): Promise<string> {
    const { service, dryRun } = held;
    try {
      if (address !== '') await this.#addresses.take(service, address, dryRun);
      const taken = address === '' ? await this.#addresses.next(service, family, dryRun) : address;
      held.addresses.push(taken);
      return taken;
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      if (error.full)
        throw internal(`failed to allocate a serviceIP for Service ${JSON.stringify(service.metadata.name)}: ${error.message}`, error);
      const what = address === '' ? 'IP' : `IP ${address}`;
      throw refused(service, path('spec', 'clusterIPs'), {
        value: service.spec.clusterIPs,
        why: `failed to allocate ${what}: ${error.message}`,
      });
    }
  }

  async #updateAddresses(held: Held, old: Spec): Promise<void> {
    const { spec } = held.service;
    if (keepsPreferred(spec, old)) return;
    if (old.type === 'ExternalName' && spec.type !== 'ExternalName') return this.#takeAddresses(held);
    if (old.clusterIPs?.[0] === 'None') return;
    if (old.type !== 'ExternalName' && spec.type === 'ExternalName') return void held.later.push(...(old.clusterIPs ?? []));
    const [before, now] = [old.ipFamilies?.length ?? 0, spec.ipFamilies?.length ?? 0];
    if (before === 1 && now === 2) {
      const [first = '', second = ''] = spec.clusterIPs ?? [];
      spec.clusterIPs = [first, second];
      spec.clusterIPs = [first, await this.#takeAddress(held, spec.ipFamilies?.[1] as Family, second)];
    }
    if (before === 2 && now === 1) held.later.push(...(old.clusterIPs?.slice(1) ?? []));
  }
}

/** TCP and UDP of one port number share a node port, as DNS services like it. */
async function takeNewPorts(held: Held): Promise<void> {
  const { spec } = held.service;
  const given = new Map<number, number>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if ((port.nodePort ?? 0) === 0 && !needsNodePort(spec)) continue;
    const shared = given.get(port.port);
    if (shared === undefined) {
      const asked = spec.ports?.find((other) => other.port === port.port && (other.nodePort ?? 0) !== 0)?.nodePort;
      port.nodePort = await takePort(held, asked, index);
      given.set(port.port, port.nodePort);
    } else if ((port.nodePort ?? 0) === 0) port.nodePort = shared;
    else if (port.nodePort !== shared) await takePort(held, port.nodePort, index);
  }
}

async function takePort({ service, ports }: Held, asked: number | undefined, index: number): Promise<number> {
  try {
    if (asked === undefined) return await ports.next();
    await ports.take(asked);
    return asked;
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    if (asked === undefined) throw internal(`failed to allocate a nodePort: ${error.message}`, error);
    throw refused(service, path('spec', 'ports').index(index).child('nodePort'), { value: asked, why: error.message });
  }
}

async function updatePorts(held: Held, old: Spec): Promise<void> {
  const { spec } = held.service;
  const before = nodePortsOf(old);
  const taken = new Set(before);
  const seen = new Set<string>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const asked = (port.nodePort ?? 0) === 0 ? undefined : port.nodePort;
    if (asked === undefined && !needsNodePort(spec)) continue;
    if (asked === undefined || !taken.has(asked)) port.nodePort = await takePort(held, asked, index);
    if (asked !== undefined) taken.add(asked);
    const pair = `{${port.protocol ?? ''} ${String(port.nodePort)}}`;
    if (seen.has(pair)) throw new ApiError('Unknown', `duplicate nodePort: ${pair}`);
    seen.add(pair);
  }
  const now = new Set(nodePortsOf(spec));
  held.ports.releaseLater(before.filter((port) => !now.has(port)));
}

async function takeHealthCheckPort({ service: { spec }, ports }: Held): Promise<void> {
  const asked = spec.healthCheckNodePort ?? 0;
  try {
    if (asked === 0) spec.healthCheckNodePort = await ports.next();
    else await ports.take(asked);
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw internal(`failed to allocate ${asked === 0 ? 'a' : 'requested'} HealthCheck NodePort ${String(asked)}: ${error.message}`, error);
  }
}

function nodePortsOf({ ports }: Spec): number[] {
  return [...new Set((ports ?? []).map((port) => port.nodePort ?? 0).filter((port) => port !== 0))];
}

const healthPortOf = (spec: Spec): number[] =>
  needsHealthCheckPort(spec) && (spec.healthCheckNodePort ?? 0) !== 0 ? [spec.healthCheckNodePort ?? 0] : [];

function addressesOf(spec: Spec): readonly string[] {
  return spec.type === 'ExternalName' || headless(spec) ? [] : (spec.clusterIPs ?? []);
}

function refused(
  { metadata }: Service,
  at: Parameters<typeof invalid>[0],
  { value, why }: { readonly value: unknown; readonly why: string },
): ApiError {
  return invalidObject({ group: '', kind: 'Service' }, metadata.name, [invalid(at, value, why)]);
}

function internal(message: string, cause: unknown): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${message}`, { cause, details: { causes: [{ message }] } });
}

/**
 * Gives Services their cluster IPs. Who has an address is said by the IPAddress object of that name, which is created before the
 * Service: of several writers, and servers, only one can. Which addresses there are is said by the ServiceCIDRs.
 * pkg/registry/core/service/ipallocator/{cidrallocator,ipallocator}.go.
 */
import { isReason } from '../../../api/errors.ts';
import type { IPAddress, Service, ServiceCIDR } from '../../../api/generated/types.ts';
import { parseAddress, formatAddress } from '../../../api/ip.ts';
import type { KubeObject } from '../../../api/object.ts';
import {
  addressLabels,
  addressName,
  candidates,
  defaultServiceCIDR,
  holdsServiceIP,
  offersAddresses,
  rangesOf,
  type ServiceRange,
} from '../../../api/service-range.ts';
import { type RequestContext, systemUser } from '../../../registry/context.ts';
import type { Entry, ResourceStore } from '../../../registry/store.ts';
import type { ResourceDeps } from '../../deps.ts';
import { familyOf, type Family } from '../../shared/ip.ts';
import { AllocationError } from './allocation-error.ts';

/** Upstream's allocator asks its own server, as this user. */
const context: RequestContext = { user: systemUser('apiserver'), fieldManager: 'kube-apiserver', warn: () => undefined };
const group = 'networking.k8s.io';

interface Offers {
  readonly cidrs: readonly Entry[];
  /** Those that addresses may be had of, the default one's first. */
  readonly ready: readonly ServiceRange[];
}

export class ClusterIPs {
  readonly #deps: ResourceDeps;
  readonly #random: () => number;
  /** Addresses of Services that an older version made without IPAddress objects, until they go. */
  readonly #unrecorded = new Set<string>();
  #offers: Offers | undefined;

  constructor(deps: ResourceDeps, random: () => number = Math.random) {
    this.#deps = deps;
    this.#random = random;
  }

  /** Takes a Service that is stored already into account. */
  load(addresses: readonly string[]): void {
    const known = this.#store('ipaddresses');
    for (const address of addresses) {
      const name = addressName(address);
      if (name !== undefined && known?.known?.('', name) === undefined) this.#unrecorded.add(name);
    }
  }

  /** An address that was asked for. Throws AllocationError; `dryRun`: only where it lies is looked at. */
  async take(service: Service, address: string, dryRun: boolean): Promise<void> {
    const parsed = parseAddress(address);
    const { ready } = this.#current();
    const range = ready.find((candidate) => holdsServiceIP(candidate, parsed));
    if (dryRun) {
      const any = ready.find(({ family }) => family === familyOf(address));
      if (any === undefined) throw new AllocationError('allocator not ready');
      if (range !== undefined) return;
      throw new AllocationError(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${any.text}`);
    }
    if (range === undefined || parsed === undefined) throw new AllocationError('the provided network does not match the current range');
    if (!(await this.#record(service, formatAddress(parsed)))) throw new AllocationError('provided IP is already allocated');
  }

  /** Any free address. Throws AllocationError. A dry run looks for none: it answers with the network's own. */
  async next(service: Service, family: Family, dryRun: boolean): Promise<string> {
    const ranges = this.#current().ready.filter((range) => range.family === family);
    const [first] = ranges;
    if (dryRun) {
      if (first === undefined) throw new AllocationError('allocator not ready');
      return formatAddress({ family: family === 'IPv4' ? 4 : 6, value: first.base });
    }
    const addresses = this.#store('ipaddresses');
    for (const range of ranges) {
      for (const name of candidates(range, this.#random)) {
        if (addresses?.known?.('', name) !== undefined) continue;
        if (await this.#record(service, name)) return name;
      }
    }
    throw new AllocationError('range is full', true);
  }

  /** Gives an address of this Service back; one that is another's stays. Never throws: the repair loop sees to what is left. */
  async release({ metadata }: Service, address: string): Promise<void> {
    const name = addressName(address) ?? '';
    this.#unrecorded.delete(name);
    const addresses = this.#store('ipaddresses');
    const parent = (addresses?.known?.('', name)?.object as unknown as IPAddress | undefined)?.spec.parentRef;
    if (parent !== undefined && (parent.namespace !== metadata.namespace || parent.name !== metadata.name)) return;
    await addresses?.delete('', name, {}, context).catch(() => undefined);
  }

  /** False: it is taken. Throws AllocationError when it cannot be recorded. */
  async #record(service: Service, name: string): Promise<boolean> {
    if (this.#unrecorded.has(name)) return false;
    const { namespace = '', name: parent } = service.metadata;
    const object = {
      metadata: {
        name,
        labels: { [addressLabels.family]: familyOf(name), [addressLabels.managedBy]: addressLabels.manager },
      },
      spec: { parentRef: { resource: 'services', namespace, name: parent } },
    };
    try {
      await this.#store('ipaddresses')?.create('', object as unknown as KubeObject, context);
      return true;
    } catch (error) {
      if (isReason(error, 'AlreadyExists')) return false;
      throw new AllocationError(error instanceof Error ? error.message : String(error));
    }
  }

  #current(): Offers {
    const cidrs = this.#store('servicecidrs')?.knownIn?.('') ?? [];
    if (this.#offers?.cidrs === cidrs) return this.#offers;
    const all = cidrs.map(({ object }) => object as unknown as ServiceCIDR).filter(offersAddresses);
    const ordered = [
      ...all.filter(({ metadata }) => metadata.name === defaultServiceCIDR),
      ...all.filter(({ metadata }) => metadata.name !== defaultServiceCIDR),
    ];
    // Upstream's allocators refuse IPv6 networks larger than this.
    const ready = ordered.flatMap(rangesOf).filter(({ family, bits }) => family === 'IPv4' || bits >= 64);
    return (this.#offers = { cidrs, ready });
  }

  #store(resource: string): ResourceStore | undefined {
    return this.#deps.stores(group, 'v1', resource);
  }
}

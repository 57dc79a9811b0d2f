/**
 * Holds Services and IPAddresses together: a Service whose address has no IPAddress gets one (an older version made none), an
 * IPAddress whose Service is not there goes. pkg/registry/core/service/ipallocator/controller/repairip.go; where that looks at
 * everything every three minutes, this looks at what events make doubtful, and again at what it could not mend.
 */
import { hostname } from 'node:os';
import { isReason } from '../../api/errors.ts';
import type { IPAddress, Service } from '../../api/generated/types.ts';
import { parseAddress } from '../../api/ip.ts';
import { addressName, holdsServiceIP, rangesOf } from '../../api/service-range.ts';
import type { Clock } from '../../base/clock.ts';
import { Lifecycle, type Running, running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client, ResourceRef } from '../../client/client.ts';
import { found } from '../../client/found.ts';
import { createSeriesRecorder, referenceTo, type SeriesRecorder } from '../../client/events.ts';
import type { Informers } from '../../client/informer-factory.ts';
import type { Informer } from '../../client/informer.ts';
import { joinKey, keyOf } from '../../client/informer-store.ts';
import { type ReconcileResult, type Reconciler, startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { addressOf, hasLabels, hasServiceIPs, isManaged, isOf, isOfService } from './ip-address.ts';

const component = 'ipallocator-repair-controller';
/** The IPAddress comes before its Service: by then the request that made it is over. */
const requestMs = 60_000;
/** By then an IPAddress of a failed write has been taken back. */
const revertMs = 5000;
/** What stays wrong is looked at again. */
const againMs = 180_000;

export interface RepairOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function startServiceIPRepair(options: RepairOptions): Running {
  const { client, informers, clock, logger } = options;
  const lifecycle = new Lifecycle();
  const recorder = lifecycle.add(
    createSeriesRecorder({ client, clock, logger, component, host: hostname(), pace: { perSecond: 20, burst: 50 } }),
  );
  const repair = new Repair({ ...options, recorder });
  const ready = informers.synced;
  const loop = (what: string, reconcile: (key: string) => Promise<ReconcileResult | undefined>): Reconciler =>
    lifecycle.add(startReconciler({ name: `${component}-${what}`, clock, logger, ready, reconcile }));
  const services = loop('services', (key) => repair.service(key));
  const addresses = loop('ipaddresses', (key) => repair.address(key));
  let stopped = false;
  lifecycle.add(running(() => void (stopped = true)));
  // Until every cache is full everything looks wrong.
  void ready.then(() => (stopped ? undefined : lifecycle.add(repair.follow(services, addresses))));
  return lifecycle;
}

class Repair {
  readonly #services: Informer<Service>;
  readonly #cidrs;
  readonly #addresses: Informer<IPAddress>;
  readonly #client: Client;
  readonly #recorder: SeriesRecorder;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor({ client, informers, recorder, clock, logger }: RepairOptions & { readonly recorder: SeriesRecorder }) {
    this.#services = informers.of(refs.services);
    this.#cidrs = informers.of(refs.serviceCIDRs);
    this.#addresses = informers.of(refs.ipAddresses);
    this.#client = client;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Hands to the loops what events make doubtful; what is as it should be costs a look. */
  follow(services: Pick<Reconciler, 'enqueue'>, addresses: Pick<Reconciler, 'enqueue' | 'enqueueAfter'>): Running {
    const lifecycle = new Lifecycle();
    const service = (object: Service): void => {
      if (!this.#isRecorded(object)) services.enqueue(keyOf(object));
    };
    /** Its IPAddress is about to go. */
    const left = (ip: string): void => addresses.enqueueAfter(addressName(ip) ?? '', requestMs);
    const address = (object: IPAddress): void => {
      const parent = this.#services.store.get(parentKey(object));
      if (parent !== undefined && !(isOf(parent, object.metadata.name) && hasLabels(object))) services.enqueue(keyOf(parent));
      if (!isManaged(object) || (parent !== undefined && isOf(parent, object.metadata.name))) return;
      if (parent === undefined && isOfService(object))
        addresses.enqueueAfter(object.metadata.name, Math.max(0, requestMs - this.#age(object)));
      else addresses.enqueue(object.metadata.name);
    };
    lifecycle.add(
      this.#services.handle({
        add: service,
        update: (old, object) => {
          service(object);
          for (const ip of old.spec.clusterIPs ?? []) if (ip !== 'None' && object.spec.clusterIPs?.includes(ip) !== true) left(ip);
        },
        delete: ({ spec }) => (spec.clusterIPs ?? []).filter((ip) => ip !== 'None').forEach(left),
      }),
    );
    lifecycle.add(
      this.#addresses.handle({
        add: address,
        update: (_old, object) => address(object),
        delete: (object) => {
          const parent = this.#services.store.get(parentKey(object));
          if (parent !== undefined && isOf(parent, object.metadata.name)) services.enqueue(keyOf(parent));
        },
      }),
    );
    return lifecycle;
  }

  /** Every address of the Service has an IPAddress that is its own. */
  async service(key: string): Promise<ReconcileResult | undefined> {
    const service = await this.#newest(refs.services, this.#services.store.get(key));
    if (service === undefined || !hasServiceIPs(service)) return undefined;
    let again = false;
    for (const ip of service.spec.clusterIPs ?? []) again = (await this.#clusterIP(service, ip)) || again;
    return again ? { requeueAfter: againMs } : undefined;
  }

  /** An IPAddress of the allocator is that of a Service which has the address. */
  async address(name: string): Promise<ReconcileResult | undefined> {
    const address = await this.#newest(refs.ipAddresses, this.#addresses.store.get(name));
    if (address === undefined || !isManaged(address)) return undefined;
    const { parentRef } = address.spec;
    if (!isOfService(address)) {
      const { group = '', resource = '', namespace = '', name: other = '' } = parentRef;
      const text = `&ParentReference{Group:${group},Resource:${resource},Namespace:${namespace},Name:${other},}`;
      const note = `IPAddress ${name} appears to have been modified, not referencing a Service ${text}: cleaning up`;
      return this.#remove(address, 'IPAddressNotAllocated', note);
    }
    const { namespace = '', name: parent } = parentRef;
    const age = this.#age(address);
    const service = await this.#get(refs.services, namespace, parent);
    if (service === undefined) {
      if (age <= requestMs) return { requeueAfter: requestMs - age + 1 };
      return this.#remove(
        address,
        'IPAddressNotAllocated',
        `IPAddress: ${name} for Service ${namespace}/${parent} appears to have leaked: cleaning up`,
      );
    }
    if (isOf(service, name)) return undefined;
    // It is about to become a Service with an address.
    if (service.spec.type === 'ExternalName' && age < requestMs) return { requeueAfter: requestMs - age };
    const isLater = Date.parse(address.metadata.creationTimestamp) > Date.parse(service.metadata.creationTimestamp);
    if (isLater && age < revertMs) return { requeueAfter: revertMs };
    return this.#remove(
      address,
      'IPAddressWrongReference',
      `IPAddress: ${name} for Service ${namespace}/${parent} has a wrong reference; cleaning up`,
    );
  }

  #isRecorded(service: Service): boolean {
    if (!hasServiceIPs(service)) return true;
    return (service.spec.clusterIPs ?? []).every((ip) => {
      const address = this.#addresses.store.get(addressName(ip) ?? '');
      return (
        address !== undefined &&
        parentKey(address) === keyOf(service) &&
        isOfService(address) &&
        hasLabels(address) &&
        !this.#isOutOfRange(ip)
      );
    });
  }

  /** True: it stays wrong. */
  async #clusterIP(service: Service, ip: string): Promise<boolean> {
    const name = addressName(ip);
    if (name === undefined) {
      this.#warn(service, 'ClusterIPNotValid', 'ClusterIPValidation', `Cluster IP ${ip} is not a valid IP; please recreate Service`);
      return true;
    }
    const family = name.includes(':') ? 'IPv6' : 'IPv4';
    const { namespace = '', name: own } = service.metadata;
    const tell = (reason: string, message: string): void => this.#warn(service, reason, 'ClusterIPAllocation', message);
    if (this.#isOutOfRange(name)) {
      tell('ClusterIPOutOfRange', `Cluster IP [${family}]: ${name} is not within any configured Service CIDR; please recreate service`);
      return true;
    }
    const address = await this.#get(refs.ipAddresses, '', name);
    if (address === undefined) {
      tell('ClusterIPNotAllocated', `Cluster IP [${family}]: ${name} is not allocated; repairing`);
      await this.#client.resource(refs.ipAddresses).create('', addressOf(name, service));
      return false;
    }
    const { namespace: other = '', name: parent } = address.spec.parentRef;
    if (isOfService(address) && other === namespace && parent === own) {
      if (!hasLabels(address)) await this.#recreate(address, service);
      return false;
    }
    const holder = isOfService(address) ? await this.#get(refs.services, other, parent) : undefined;
    if (holder === undefined) {
      tell('ClusterIPNotAllocated', `the ClusterIP [${family}]: ${name} for Service ${namespace}/${own} has a wrong reference; repairing`);
      await this.#recreate(address, service);
      return false;
    }
    if (isOf(holder, name))
      tell('ClusterIPAlreadyAllocated', `Cluster IP [${family}]:${name} was assigned to multiple services; please recreate service`);
    return true;
  }

  #isOutOfRange(ip: string): boolean {
    const address = parseAddress(ip);
    for (const cidr of this.#cidrs.store.values()) if (rangesOf(cidr).some((range) => holdsServiceIP(range, address))) return false;
    return true;
  }

  async #recreate(address: IPAddress, service: Service): Promise<void> {
    await this.#delete(address);
    await this.#client.resource(refs.ipAddresses).create('', addressOf(address.metadata.name, service));
  }

  async #remove(address: IPAddress, reason: string, note: string): Promise<undefined> {
    this.#logger.info({ address: address.metadata.name, reason }, 'an IPAddress without its Service is removed');
    this.#recorder.event(referenceTo(refs.ipAddresses, address), 'Warning', reason, { action: 'IPAddressAllocation', message: note });
    await this.#delete(address);
  }

  async #delete({ metadata: { name, uid } }: IPAddress): Promise<void> {
    await this.#client
      .resource(refs.ipAddresses)
      .delete('', name, { preconditions: { uid } })
      .catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) throw error;
      });
  }

  #warn(service: Service, reason: string, action: string, message: string): void {
    this.#logger.info({ service: keyOf(service), reason }, message);
    this.#recorder.event(referenceTo(refs.services, service), 'Warning', reason, { action, message });
  }

  /** One informer may be ahead of the other: what seems wrong is asked for anew. */
  async #newest<T extends { readonly metadata: Service['metadata'] }>(ref: ResourceRef<T>, known: T | undefined): Promise<T | undefined> {
    return known === undefined ? undefined : this.#get(ref, known.metadata.namespace ?? '', known.metadata.name);
  }

  #get<T>(ref: ResourceRef<T>, namespace: string, name: string): Promise<T | undefined> {
    return found(this.#client.resource(ref).get(namespace, name));
  }

  #age({ metadata }: IPAddress): number {
    return this.#clock.now() - Date.parse(metadata.creationTimestamp);
  }
}

const parentKey = ({ spec: { parentRef } }: IPAddress): string => joinKey(parentRef.namespace ?? '', parentRef.name);

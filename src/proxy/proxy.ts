/**
 * The service proxy of a node: Services and EndpointSlices to nftables. A full replacement at start (atomic: an earlier process's
 * rules serve until then), element changes afterwards. Stopping leaves the rules, so traffic goes on while Coracle restarts.
 */
import type { EndpointSlice } from '../api/generated/types.ts';
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { Commands } from '../base/command.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { createInformers } from '../client/informer-factory.ts';
import { indexers, keyOf } from '../client/informer-store.ts';
import type { Informer } from '../client/informer.ts';
import { refs } from '../client/refs.ts';
import type { FlowCleaner } from './conntrack.ts';
import { createFlowCleaner, staleFlows } from './conntrack.ts';
import type { NftSession } from './nftables/session.ts';
import { openNftSession } from './nftables/session.ts';
import { TableState } from './nftables/table-state.ts';
import { itemsOf } from './rules.ts';
import type { Family } from './addresses.ts';
import type { ServicePortRule } from './service-ports.ts';
import { servicePorts } from './service-ports.ts';
import type { Service } from '../api/generated/types.ts';

export interface ProxyOptions {
  readonly client: Client;
  /** Caches to share with other parts of the process; without them the proxy keeps its own. */
  readonly informers?: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Six hex digits that mark everything made on the host. */
  readonly instance: string;
  readonly nodeName: string;
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  /** CIDRs of the addresses that serve NodePorts; default: all of the host's, 127.0.0.1 included. */
  readonly nodePortAddresses?: readonly string[];
  readonly commands: Commands;
}

export interface Proxy extends Running {
  /** Resolves when the first rules are in the kernel; rejects never (failures are retried and logged). */
  readonly synced: Promise<void>;
  /** Resolves when everything the informers have delivered so far is in the kernel. */
  settled(): Promise<void>;
}

const serviceNameLabel = 'kubernetes.io/service-name';
const headlessLabel = 'service.kubernetes.io/headless';
const bySliceService = `label:${serviceNameLabel}`;

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const lifecycle = new Lifecycle();
  const informers = options.informers ?? lifecycle.add(createInformers(options));
  const services = informers.of(refs.services);
  const slices = informers.of(refs.endpointSlices);
  slices.addIndexer(bySliceService, indexers.label(serviceNameLabel));
  const families = await usableFamilies(options);
  const session = lifecycle.add(openNftSession(options));
  const proxier = lifecycle.add(
    new Proxier({ ...options, services, slices, session, families, cleaner: createFlowCleaner(options.commands.run, options.logger) }),
  );
  lifecycle.add(services.handle(watching<Service>((service) => proxier.touch(keyOf(service)))));
  lifecycle.add(slices.handle(watching<EndpointSlice>((slice) => proxier.touch(serviceOf(slice)))));
  proxier.begin(Promise.all([services.synced, slices.synced]));
  return { synced: proxier.synced, settled: () => proxier.settled(), ...running(() => lifecycle.stop()) };
}

function watching<T>(touch: (object: T) => void): { add(object: T): void; update(old: T, object: T): void; delete(object: T): void } {
  return { add: touch, update: (old, object) => (touch(old), touch(object)), delete: touch };
}

function serviceOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}

/** The families the kernel has; turns on what 127.0.0.1:NodePort needs. */
async function usableFamilies(options: ProxyOptions): Promise<Family[]> {
  const script =
    '[ ! -e /proc/sys/net/ipv6 ] || echo ip6; set=/proc/sys/net/ipv4/conf/all/route_localnet; [ "$(cat $set)" = 1 ] || { echo 1 > $set; } 2>/dev/null || echo refused; exit 0';
  const output = await options.commands.run('sh', ['-c', script]);
  if (output.includes('refused')) options.logger.warn({}, 'cannot set route_localnet: NodePorts are not served on 127.0.0.1');
  return output.includes('ip6') ? ['ip', 'ip6'] : ['ip'];
}

interface ProxierParts extends ProxyOptions {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly session: NftSession;
  readonly families: readonly Family[];
  readonly cleaner: FlowCleaner;
}

/** States: waiting for the caches -> replacing everything -> following changes; a refused change leads back to replacing everything. */
class Proxier implements Running {
  readonly synced: Promise<void>;
  readonly #parts: ProxierParts;
  readonly #tables = new Map<Family, TableState>();
  readonly #rules = new Map<string, readonly ServicePortRule[]>();
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  #dirty = new Set<string>();
  #ready = false;
  #replace = true;
  #work: Promise<void> | undefined;
  #markSynced: () => void = () => undefined;

  constructor(parts: ProxierParts) {
    this.#parts = parts;
    for (const family of parts.families) this.#tables.set(family, new TableState(family, parts));
    this.#backoff = new Backoff({ initialMs: 200, maxMs: 30_000, factor: 2, jitter: 0, resetMs: 60_000, clock: parts.clock });
    this.synced = new Promise((resolve) => (this.#markSynced = resolve));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#markSynced();
    await this.#work;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  begin(caches: Promise<unknown>): void {
    void caches.then(() => {
      this.#ready = true;
      this.#kick();
    });
  }

  touch(service: string): void {
    this.#dirty.add(service);
    this.#kick();
  }

  async settled(): Promise<void> {
    await this.synced;
    while (this.#work !== undefined) await this.#work;
  }

  #kick(): void {
    if (!this.#ready || this.#abort.signal.aborted) return;
    this.#work ??= this.#drain().finally(() => {
      this.#work = undefined;
    });
  }

  /** The first change goes at once (with what else comes in the same turn of the loop); what comes while nft works shares the next one. */
  async #drain(): Promise<void> {
    while ((this.#replace || this.#dirty.size > 0) && !this.#abort.signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        await this.#sync();
      } catch (error) {
        await this.#refused(error);
      }
    }
  }

  /** A refused change means that the table is not what it should be (somebody flushed it): it is replaced at once. A refused table waits. */
  async #refused(error: unknown): Promise<void> {
    if (this.#replace) {
      this.#parts.logger.error({ err: error }, 'nft refused the service rules');
      await delay(this.#parts.clock, this.#backoff.next(), this.#abort.signal);
      return;
    }
    this.#parts.logger.warn({ err: error }, 'nft refused a change of the service rules; replacing the whole table');
    this.#replace = true;
  }

  async #sync(): Promise<void> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    const flows = [...dirty].flatMap((key) => this.#update(key));
    const tables = [...this.#tables.values()];
    const changes = this.#replace ? undefined : tables.map((table) => table.takeCommands());
    if (changes?.every((text) => text !== undefined) === true) await this.#parts.session.apply(changes.join(''));
    else {
      this.#replace = true;
      await this.#parts.commands.run('nft', ['-f', '-'], tables.map((table) => table.fullText()).join(''));
      this.#replace = false;
      this.#markSynced();
    }
    if (flows.length > 0) await this.#parts.cleaner.clean(flows);
  }

  /** Recomputes one service; answers the UDP flows that ends with it. */
  #update(key: string): ReturnType<typeof staleFlows> {
    const { services, slices, nodeName } = this.#parts;
    const former = this.#rules.get(key) ?? [];
    const service = services.store.get(key);
    const own = [...slices.store.byIndex(bySliceService, key)].filter((slice) => slice.metadata.labels?.[headlessLabel] === undefined);
    const rules = service === undefined ? [] : servicePorts(service, own, { nodeName, former });
    if (rules.length === 0) this.#rules.delete(key);
    else this.#rules.set(key, rules);
    for (const [family, table] of this.#tables) {
      table.set(
        key,
        rules.filter((rule) => rule.family === family).flatMap((rule) => itemsOf(rule)),
      );
    }
    return staleFlows(former, rules);
  }
}

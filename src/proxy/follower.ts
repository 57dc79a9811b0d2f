/** Follows Services and EndpointSlices, works out each changed service's rules once, and has them put in force. */
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Informer } from '../client/informer.ts';
import type { Family } from './addresses.ts';
import { changedFrontends } from './conntrack.ts';
import type { FlowCleaner, Frontend } from './conntrack.ts';
import type { HealthState } from './health/proxy-health.ts';
import { ipFamily } from './health/proxy-health.ts';
import type { ServiceHealth } from './health/service-health.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { RuleSink } from './rule-sink.ts';
import type { ServicePortRule } from './service-ports.ts';
import { healthCheckPort, isProxied, servicePorts } from './service-ports.ts';

export interface FollowerParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  /** Zone of this node as it is now. */
  readonly zone: () => string | undefined;
  readonly services: Informer<Service>;
  /** The slices of a service that have addresses for this proxy. */
  readonly slicesOf: (service: string) => EndpointSlice[];
  readonly sink: RuleSink;
  readonly cleaner: FlowCleaner;
  readonly state: HealthState;
  readonly serviceHealth: ServiceHealth;
  readonly metrics: ProxyMetrics;
}

/** States: waiting for the caches -> following changes; what the sink could not do is tried again. */
export class Follower implements Running {
  /** Resolves when the first rules are in force. */
  readonly synced: Promise<void>;
  readonly #parts: FollowerParts;
  readonly #rules = new Map<string, readonly ServicePortRule[]>();
  readonly #noLocal = new NoLocalEndpoints();
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  #dirty = new Set<string>();
  /** When changes happened in the cluster that the rules do not show yet, in ms. */
  #triggered: number[] = [];
  #ready = false;
  #again = true;
  #work: Promise<void> | undefined;
  /** Flows to look after when those that are being looked after now are done. */
  readonly #lost = new Map<string, Frontend>();
  #cleaning: Promise<void> | undefined;
  #markSynced: () => void = () => undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#backoff = new Backoff({ initialMs: 200, maxMs: 30_000, factor: 2, jitter: 0, resetMs: 60_000, clock: parts.clock });
    this.synced = new Promise((resolve) => (this.#markSynced = resolve));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#markSynced();
    await this.#work;
    await this.#cleaning;
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

  serviceChanged(service: string): void {
    this.#parts.metrics.serviceChanges.inc();
    this.#parts.metrics.serviceChangesPending.add(1);
    this.touch(service);
  }

  /** `triggered`: when what the slice shows happened, in ms. */
  endpointsChanged(service: string, triggered?: number): void {
    this.#parts.metrics.endpointChanges.inc();
    this.#parts.metrics.endpointChangesPending.add(1);
    if (triggered !== undefined && this.#triggered.length < 10_000) this.#triggered.push(triggered);
    this.touch(service);
  }

  touch(service: string): void {
    this.#dirty.add(service);
    this.#queued();
  }

  /** Everything is worked out and applied again. */
  touchAll(): void {
    for (const service of this.#rules.keys()) this.#dirty.add(service);
    this.reapply();
  }

  /** The sink has lost what it was given. */
  reapply(): void {
    this.#again = true;
    this.#queued();
  }

  async settled(): Promise<void> {
    await this.synced;
    while (this.#work !== undefined || this.#cleaning !== undefined) {
      await this.#work;
      await this.#cleaning;
    }
    await this.#parts.serviceHealth.settled();
  }

  #queued(): void {
    const { state, metrics, sink, clock } = this.#parts;
    state.queued();
    for (const family of sink.families) metrics.lastQueued.with(ipFamily(family)).set(clock.now() / 1000);
    this.#kick();
  }

  #kick(): void {
    if (!this.#ready || this.#abort.signal.aborted) return;
    this.#work ??= this.#drain().finally(() => {
      this.#work = undefined;
    });
  }

  /** The first change goes at once (with what else comes in the same turn of the loop); what comes while the sink works shares the next one. */
  async #drain(): Promise<void> {
    while ((this.#again || this.#dirty.size > 0) && !this.#abort.signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve));
      const frontends = this.#takeChanges();
      const triggered = this.#triggered;
      this.#triggered = [];
      try {
        await this.#apply(triggered);
      } catch (error) {
        this.#again = true;
        this.#triggered.push(...triggered);
        this.#parts.logger.error({ err: error }, 'the service rules were refused');
        for (const family of this.#parts.sink.families) this.#parts.metrics.syncFailures.with(ipFamily(family)).inc();
        await delay(this.#parts.clock, this.#backoff.next(), this.#abort.signal);
      }
      this.#cleanLater(frontends);
    }
  }

  /** Listing flows may take long where there are many: the next change of the rules does not wait for it. */
  #cleanLater(frontends: readonly Frontend[]): void {
    for (const frontend of frontends) {
      const key = `${frontend.family} ${frontend.at}`;
      const earlier = this.#lost.get(key)?.before ?? [];
      this.#lost.set(key, { ...frontend, before: new Set([...earlier, ...frontend.before]) });
    }
    const clean = async (): Promise<void> => {
      while (this.#lost.size > 0 && !this.#abort.signal.aborted) {
        const lost = [...this.#lost.values()];
        this.#lost.clear();
        await this.#clean(lost);
      }
    };
    if (this.#lost.size > 0) this.#cleaning ??= clean().finally(() => (this.#cleaning = undefined));
  }

  #takeChanges(): Frontend[] {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    this.#again = false;
    this.#parts.metrics.serviceChangesPending.set(0);
    this.#parts.metrics.endpointChangesPending.set(0);
    return [...dirty].flatMap((key) => this.#update(key));
  }

  async #apply(triggered: readonly number[]): Promise<void> {
    const { sink, metrics, state, clock } = this.#parts;
    const started = performance.now();
    const { full } = await sink.apply();
    const seconds = (performance.now() - started) / 1000;
    const now = clock.now();
    for (const family of sink.families.map(ipFamily)) {
      metrics.sync.with(family).observe(seconds);
      (full ? metrics.fullSync : metrics.partialSync).with(family).observe(seconds);
      metrics.lastSync.with(family).set(now / 1000);
      for (const at of triggered) metrics.networkProgramming.with(family).observe((now - at) / 1000);
      for (const policy of ['internal', 'external'] as const)
        metrics.noLocalEndpoints.with(policy, family).set(this.#noLocal.count(policy, family));
    }
    if (this.#dirty.size === 0 && !this.#again) state.updated();
    this.#markSynced();
  }

  async #clean(frontends: readonly Frontend[]): Promise<void> {
    const { cleaner, metrics } = this.#parts;
    const started = performance.now();
    const ended = await cleaner.clean(frontends);
    for (const family of new Set(frontends.map((frontend) => frontend.family))) {
      metrics.flowsSync.with(ipFamily(family)).observe((performance.now() - started) / 1000);
      metrics.flowsDeleted.with(ipFamily(family)).inc(ended[family]);
    }
  }

  /** Recomputes one service; answers where its UDP flows may have lost their endpoint. */
  #update(key: string): Frontend[] {
    const { services, slicesOf, nodeName, nodeIPs, zone, sink, serviceHealth } = this.#parts;
    const former = this.#rules.get(key) ?? [];
    const service = services.store.get(key);
    const proxied = service !== undefined && isProxied(service) ? service : undefined;
    const rules = proxied === undefined ? [] : servicePorts(proxied, slicesOf(key), { nodeName, nodeIPs, zone: zone(), former });
    if (rules.length === 0) this.#rules.delete(key);
    else this.#rules.set(key, rules);
    if (rules.length > 0 || former.length > 0) sink.set(key, rules);
    this.#noLocal.set(key, rules);
    serviceHealth.set(key, proxied === undefined ? undefined : healthCheckPort(proxied), readyHere(rules));
    return changedFrontends(former, rules);
  }
}

function readyHere(rules: readonly ServicePortRule[]): ReadonlyMap<Family, number> {
  const counts = new Map<Family, number>();
  for (const { family, backends } of rules) counts.set(family, Math.max(counts.get(family) ?? 0, backends.localReady));
  return counts;
}

/** Services under policy Local that have endpoints, but none here. */
class NoLocalEndpoints {
  readonly #found = new Map<string, readonly string[]>();
  readonly #counts = new Map<string, number>();

  set(service: string, rules: readonly ServicePortRule[]): void {
    const found = rules.flatMap(({ family, backends, internalLocal, externalLocal, nodePort, externalIPs, loadBalancerIPs }) => {
      if (backends.local.length > 0 || backends.cluster.length === 0) return [];
      const isExternal = nodePort !== undefined || externalIPs.length + loadBalancerIPs.length > 0;
      return [
        ...(internalLocal ? [`internal ${ipFamily(family)}`] : []),
        ...(externalLocal && isExternal ? [`external ${ipFamily(family)}`] : []),
      ];
    });
    for (const key of this.#found.get(service) ?? []) this.#counts.set(key, (this.#counts.get(key) ?? 0) - 1);
    for (const key of found) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (found.length === 0) this.#found.delete(service);
    else this.#found.set(service, found);
  }

  count(policy: 'internal' | 'external', family: string): number {
    return this.#counts.get(`${policy} ${family}`) ?? 0;
  }
}

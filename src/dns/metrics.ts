/** The server's figures under CoreDNS's names (its plugins metrics, cache, forward and kubernetes), so that dashboards made for it work. */
import type { Counter, Family, Gauge, Histogram } from '../base/metrics.ts';
import { MetricRegistry, exponentialBuckets } from '../base/metrics.ts';
import { processMetrics } from '../base/process-metrics.ts';
import type { Query } from './wire.ts';
import { rcodes, types } from './wire.ts';

/** What CoreDNS calls its one server block and view in a usual cluster. */
const server = 'dns://:53';
const zone = '.';
const view = '';
const block = ['server', 'zone', 'view'];

const typeNames = new Map<number, string>([
  ...Object.entries(types).map(([name, number]): [number, string] => [number, name]),
  [15, 'MX'],
  [43, 'DS'],
  [48, 'DNSKEY'],
  [65, 'HTTPS'],
]);
/** The plugins that are here, by the names of what does the same there. */
const plugins = ['cache', 'errors', 'forward', 'health', 'kubernetes', 'loadbalance', 'prometheus', 'ready', 'reload'];
const sizes = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000];
const times = exponentialBuckets(0.00025, 2, 16);
const rcodeNames = new Map<number, string>(Object.entries(rcodes).map(([name, number]) => [number, name]));

/** Counts what one listener answers; its children are looked up once. */
export interface Recorder {
  answered(query: Query, reply: { readonly rcode: number; readonly size: number }, ms: number): void;
}

export class DnsMetrics {
  readonly registry = new MetricRegistry();
  readonly cacheHits: Family<Counter>;
  readonly cacheMisses: Counter;
  readonly cacheRequests: Counter;
  /** By what they say: success or denial. */
  readonly cacheEntries: Record<'success' | 'denial', Gauge>;
  readonly forwardRejects: Counter;
  readonly programming: Family<Histogram>;
  readonly servedStale: Counter;
  readonly panics: Counter;
  readonly #forwardRequests: Family<Counter>;
  readonly #requests: Family<Counter>;
  readonly #responses: Family<Counter>;
  readonly #duration;
  readonly #withDnssec: Counter;
  readonly #sizes: Record<'request' | 'response', Family<Histogram>>;
  readonly #forwardDuration: Family<Histogram>;

  constructor() {
    const { registry } = this;
    const counter = (name: string, help: string, labels: string[] = []): Family<Counter> =>
      registry.counter({ name: `coredns_${name}`, help, labels, stability: '' });
    this.#requests = counter('dns_requests_total', 'Counter of DNS requests made per zone, protocol and family.', [
      'server',
      'zone',
      'view',
      'proto',
      'family',
      'type',
    ]);
    this.#responses = counter('dns_responses_total', 'Counter of response status codes.', ['server', 'zone', 'view', 'rcode', 'plugin']);
    this.#duration = registry
      .histogram({
        name: 'coredns_dns_request_duration_seconds',
        help: 'Histogram of the time (in seconds) each request took per zone.',
        labels: ['server', 'zone', 'view'],
        stability: '',
        buckets: times,
      })
      .with(server, zone, view);
    const size = (what: string, help: string): Family<Histogram> =>
      registry.histogram({ name: `coredns_dns_${what}_size_bytes`, help, labels: [...block, 'proto'], stability: '', buckets: sizes });
    this.#sizes = {
      request: size('request', 'Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.'),
      response: size('response', 'Size of the returned response in bytes.'),
    };
    this.#withDnssec = counter('dns_do_requests_total', 'Counter of DNS requests with DO bit set per zone.', block).with(
      server,
      zone,
      view,
    );
    const entries = registry.gauge({
      name: 'coredns_cache_entries',
      help: 'The number of elements in the cache.',
      labels: ['server', 'type', 'zones', 'view'],
      stability: '',
    });
    this.cacheEntries = { success: entries.with(server, 'success', zone, view), denial: entries.with(server, 'denial', zone, view) };
    this.cacheRequests = counter('cache_requests_total', 'The count of cache requests.', ['server', 'zones', 'view']).with(
      server,
      zone,
      view,
    );
    this.cacheHits = counter('cache_hits_total', 'The count of cache hits.', ['server', 'type', 'zones', 'view']);
    this.cacheMisses = counter('cache_misses_total', 'The count of cache misses.', ['server', 'zones', 'view']).with(server, zone, view);
    this.servedStale = counter('cache_served_stale_total', 'The number of requests served from stale cache entries.', [
      'server',
      'zones',
      'view',
    ]).with(server, zone, view);
    this.panics = counter('panics_total', 'A metrics that counts the number of panics.').with();
    this.#forwardRequests = counter('forward_requests_total', 'Counter of requests made per upstream.', ['to']);
    const help = 'Counter of the number of queries rejected because the concurrent queries were at maximum.';
    this.forwardRejects = counter('forward_max_concurrent_rejects_total', help).with();
    this.#forwardDuration = registry.histogram({
      name: 'coredns_proxy_request_duration_seconds',
      help: 'Histogram of the time each request took.',
      labels: ['proxy_name', 'to', 'rcode'],
      stability: '',
      buckets: times,
    });
    this.programming = registry.histogram({
      name: 'coredns_kubernetes_dns_programming_duration_seconds',
      help: 'Histogram of the time (in seconds) it took to program a dns instance.',
      labels: ['service_kind'],
      stability: '',
      buckets: exponentialBuckets(0.001, 2, 20),
    });
    const enabled = {
      name: 'coredns_plugin_enabled',
      help: 'A metric that indicates whether a plugin is enabled on per server and zone basis.',
    };
    registry.collected('gauge', { ...enabled, stability: '' }, () =>
      plugins.map((name) => ({ labels: { server, zone, view, name }, value: 1 })),
    );
    processMetrics(registry);
  }

  hit(kind: 'success' | 'denial'): void {
    this.cacheHits.with(server, kind, zone, view).inc();
  }

  forwarded(to: string): void {
    this.#forwardRequests.with(to).inc();
  }

  /** An upstream has answered. */
  heard(to: string, rcode: number, ms: number): void {
    this.#forwardDuration.with('forward', to, nameOf(rcode)).observe(ms / 1000);
  }

  recorder(proto: 'udp' | 'tcp', isIPv6: boolean): Recorder {
    const requests = new Map<number, Counter>();
    const responses = new Map<number, Counter>();
    const family = isIPv6 ? '2' : '1';
    const requestSize = this.#sizes.request.with(server, zone, view, proto);
    const responseSize = this.#sizes.response.with(server, zone, view, proto);
    return {
      answered: (query, { rcode, size }, ms) => {
        const { type } = query.question;
        requestSize.observe(query.bytes.length);
        responseSize.observe(size);
        if (query.edns?.dnssecOk === true) this.#withDnssec.inc();
        child(requests, typeNames.has(type) ? type : 0, () =>
          this.#requests.with(server, zone, view, proto, family, typeNames.get(type) ?? 'other'),
        ).inc();
        child(responses, rcode, () => this.#responses.with(server, zone, view, nameOf(rcode), '')).inc();
        this.#duration.observe(ms / 1000);
      },
    };
  }
}

function nameOf(rcode: number): string {
  return rcodeNames.get(rcode) ?? `RCODE${String(rcode)}`;
}

function child(children: Map<number, Counter>, key: number, make: () => Counter): Counter {
  let found = children.get(key);
  if (found === undefined) children.set(key, (found = make()));
  return found;
}

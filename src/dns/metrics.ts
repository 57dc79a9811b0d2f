/** The server's figures under CoreDNS's names (its plugins metrics, cache, forward and panic), so that dashboards made for it work. */
import type { Counter, Family } from '../base/metrics.ts';
import { MetricRegistry, exponentialBuckets } from '../base/metrics.ts';
import { rcodes, types } from './wire.ts';

/** What CoreDNS calls its one server block and view in a usual cluster. */
const server = 'dns://:53';
const zone = '.';
const view = '';

const typeNames = new Map<number, string>([
  ...Object.entries(types).map(([name, number]): [number, string] => [number, name]),
  [15, 'MX'],
  [43, 'DS'],
  [48, 'DNSKEY'],
  [65, 'HTTPS'],
]);
const rcodeNames = new Map<number, string>(Object.entries(rcodes).map(([name, number]) => [number, name]));

/** Counts what one listener answers; its children are looked up once. */
export interface Recorder {
  answered(type: number, rcode: number, ms: number): void;
}

export class DnsMetrics {
  readonly registry = new MetricRegistry();
  readonly cacheHits: Family<Counter>;
  readonly cacheMisses: Counter;
  readonly servedStale: Counter;
  readonly panics: Counter;
  readonly #forwardRequests: Family<Counter>;
  readonly #requests: Family<Counter>;
  readonly #responses: Family<Counter>;
  readonly #duration;

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
        buckets: exponentialBuckets(0.00025, 2, 16),
      })
      .with(server, zone, view);
    this.cacheHits = counter('cache_hits_total', 'The count of cache hits.', ['server', 'type', 'zones', 'view']);
    this.cacheMisses = counter('cache_misses_total', 'The count of cache misses.', ['server', 'zones', 'view']).with(server, zone, view);
    this.servedStale = counter('cache_served_stale_total', 'The number of requests served from stale cache entries.', [
      'server',
      'zones',
      'view',
    ]).with(server, zone, view);
    this.panics = counter('panics_total', 'A metrics that counts the number of panics.').with();
    this.#forwardRequests = counter('forward_requests_total', 'Counter of requests made per upstream.', ['to']);
  }

  hit(kind: 'success' | 'denial'): void {
    this.cacheHits.with(server, kind, zone, view).inc();
  }

  forwarded(to: string): void {
    this.#forwardRequests.with(to).inc();
  }

  recorder(proto: 'udp' | 'tcp', isIPv6: boolean): Recorder {
    const requests = new Map<number, Counter>();
    const responses = new Map<number, Counter>();
    const family = isIPv6 ? '2' : '1';
    return {
      answered: (type, rcode, ms) => {
        child(requests, typeNames.has(type) ? type : 0, () =>
          this.#requests.with(server, zone, view, proto, family, typeNames.get(type) ?? 'other'),
        ).inc();
        child(responses, rcode, () => this.#responses.with(server, zone, view, rcodeNames.get(rcode) ?? `RCODE${String(rcode)}`, '')).inc();
        this.#duration.observe(ms / 1000);
      },
    };
  }
}

function child(children: Map<number, Counter>, key: number, make: () => Counter): Counter {
  let found = children.get(key);
  if (found === undefined) children.set(key, (found = make()));
  return found;
}

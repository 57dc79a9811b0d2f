/**
 * What the API server counts about requests, by upstream's names (apiserver pkg/endpoints/metrics/metrics.go). Of a kind of request
 * all series are found with one look-up and kept, so that an answer costs a few additions.
 */
import { type Counter, exponentialBuckets, type Histogram, MetricRegistry } from '../base/metrics.ts';
import { AccessMetrics } from './access-metrics.ts';
import type { Exchange } from './exchange.ts';

const latencies = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const place = ['group', 'version', 'resource', 'subresource', 'scope', 'component'];

/** Of one verb on one kind of place. */
interface Series {
  readonly durations: Histogram;
  readonly sli: Histogram | undefined;
  readonly sizes: Histogram | undefined;
  /** Of requests; undefined where they have no body. */
  readonly bodies: Histogram | undefined;
  readonly codes: Map<number, Counter>;
  readonly labels: Labels;
}

interface Labels {
  readonly verb: string;
  readonly dryRun: string;
  /** Values of {@link place}. */
  readonly place: readonly string[];
}

/** The words for verbs with a body. */
const bodyVerbs: Readonly<Record<string, string>> = {
  create: 'create',
  update: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete_collection',
};

/** Counts events of one resource's watches. */
export interface WatchMetrics {
  sent(events: number, bytes: number): void;
  /** All there was at first has been sent. */
  caughtUp(scope: string, seconds: number): void;
}

export class Metrics {
  readonly registry: MetricRegistry;
  readonly access: AccessMetrics;
  readonly inFlight: Watermarks;
  readonly inQueue: Watermarks;
  readonly #series = new Map<string, Series>();
  readonly #families: ReturnType<typeof requestFamilies>;
  readonly #watches = new Map<string, WatchMetrics>();

  /** `registry` may have other figures already. */
  constructor(seconds: () => number, registry = new MetricRegistry()) {
    this.registry = registry;
    this.access = new AccessMetrics(registry);
    this.#families = requestFamilies(this.registry);
    this.inFlight = new Watermarks(seconds);
    this.inQueue = new Watermarks(seconds);
    const kinds = [{ request_kind: 'mutating' }, { request_kind: 'readOnly' }] as const;
    const shown = (marks: Watermarks) => () => kinds.map((labels) => ({ labels, value: marks.highest(labels.request_kind) }));
    this.registry.collected(
      'gauge',
      {
        name: 'apiserver_current_inflight_requests',
        help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
        stability: 'STABLE',
      },
      shown(this.inFlight),
    );
    this.registry.collected(
      'gauge',
      {
        name: 'apiserver_current_inqueue_requests',
        help: 'Maximal number of queued requests in this apiserver per request kind in last second.',
      },
      shown(this.inQueue),
    );
  }

  /** An answer of a request that had a handler. */
  answered(exchange: Exchange, seconds: number, waitedSeconds: number): void {
    const series = this.#seriesOf(exchange);
    const code = exchange.response.statusCode;
    let counter = series.codes.get(code);
    if (counter === undefined) {
      counter = this.#families.requests.with(...requestLabels(series.labels), String(code));
      series.codes.set(code, counter);
    }
    counter.inc();
    series.durations.observe(seconds);
    series.sli?.observe(seconds - waitedSeconds);
    series.sizes?.observe(exchange.bodyBytes);
    if (exchange.requestBytes >= 0) series.bodies?.observe(exchange.requestBytes);
  }

  /** A request the server refused or gave up on to save itself. */
  terminated(exchange: Exchange, code: number): void {
    const { labels } = this.#seriesOf(exchange);
    this.#families.terminations.with(labels.verb, ...labels.place, String(code)).inc();
    if (code === 429) this.#families.requests.with(...requestLabels(labels), '429').inc();
  }

  /** A watch, or a stream; the returned function tells of its end. */
  longRunning(exchange: Exchange): () => void {
    const { verb, place: where } = labelsOf(exchange);
    const gauge = this.#families.longRunning.with(verb, ...where);
    gauge.add(1);
    return () => gauge.add(-1);
  }

  watch({ info }: Exchange): WatchMetrics {
    const key = `${info.group} ${info.resource}`;
    let found = this.#watches.get(key);
    if (found === undefined) {
      const labels = [info.group, info.version, info.resource];
      const events = this.#families.watchEvents.with(...labels);
      const sizes = this.#families.watchSizes.with(...labels);
      const sent = (count: number, bytes: number): void => {
        events.inc(count);
        sizes.observe(bytes / count, count);
      };
      const caughtUp = (scope: string, seconds: number): void => this.#families.watchLists.with(...labels, scope).observe(seconds);
      found = { sent, caughtUp };
      this.#watches.set(key, found);
    }
    return found;
  }

  /** Somebody asked for what will be gone one day. */
  deprecated({ info }: Exchange): void {
    this.#families.deprecated.with(info.group, info.version, info.resource, info.subresource, '').set(1);
  }

  readonly tlsErrors = (): void => this.#families.tlsErrors.with().inc();

  #seriesOf(exchange: Exchange): Series {
    const { info, rawQuery, request } = exchange;
    const scope = scopeOf(exchange);
    const special = rawQuery.includes('dryRun') || request.method === 'PATCH' ? `${rawQuery} ${request.headers['content-type'] ?? ''}` : '';
    const where = info.resourceRequest ? `${info.group} ${info.version} ${info.resource} ${info.subresource}` : pathLabel(info.path);
    const key = `${request.method ?? ''} ${info.verb} ${scope} ${where}${special === '' ? '' : ` ${JSON.stringify(labelsOf(exchange))}`}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = this.#newSeries(exchange);
      this.#series.set(key, series);
    }
    return series;
  }

  #newSeries(exchange: Exchange): Series {
    const labels = labelsOf(exchange);
    const { durations, sli, sizes, bodies } = this.#families;
    const { info } = exchange;
    const withBody = info.resourceRequest ? bodyVerbs[info.verb] : undefined;
    const reads = labels.verb === 'GET' || labels.verb === 'LIST';
    return {
      durations: durations.with(...requestLabels(labels)),
      sli: labels.dryRun === '' ? sli.with(labels.verb, ...labels.place) : undefined,
      sizes: reads ? sizes.with(labels.verb, ...labels.place) : undefined,
      bodies: withBody === undefined ? undefined : bodies.with(info.resource, withBody, info.group),
      codes: new Map(),
      labels,
    };
  }
}

const requestLabels = ({ verb, dryRun, place: where }: Labels): string[] => [verb, dryRun, ...where];

function requestFamilies(registry: MetricRegistry) {
  const stability = 'STABLE';
  return {
    ...streamFamilies(registry),
    requests: registry.counter({
      name: 'apiserver_request_total',
      help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
      labels: ['verb', 'dry_run', ...place, 'code'],
      stability,
    }),
    durations: registry.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
      labels: ['verb', 'dry_run', ...place],
      buckets: [0.005, 0.025, ...latencies],
      stability,
    }),
    sli: registry.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      help: 'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
      labels: ['verb', ...place],
      buckets: latencies,
    }),
    sizes: registry.histogram({
      name: 'apiserver_response_sizes',
      help: 'Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
      labels: ['verb', ...place],
      buckets: exponentialBuckets(1000, 10, 7),
      stability,
    }),
    terminations: registry.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Number of requests which apiserver terminated in self-defense.',
      labels: ['verb', ...place, 'code'],
    }),
    bodies: registry.histogram({
      name: 'apiserver_request_body_size_bytes',
      help: 'Apiserver request body size in bytes broken out by resource and verb.',
      labels: ['resource', 'verb', 'group'],
      buckets: Array.from({ length: 31 }, (_, at) => 50_000 + 100_000 * at),
    }),
  };
}

function streamFamilies(registry: MetricRegistry) {
  const labels = ['group', 'version', 'resource'];
  return {
    longRunning: registry.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
      labels: ['verb', ...place],
      stability: 'STABLE',
    }),
    watchEvents: registry.counter({ name: 'apiserver_watch_events_total', help: 'Number of events sent in watch clients', labels }),
    watchSizes: registry.histogram({
      name: 'apiserver_watch_events_sizes',
      help: 'Watch event size distribution in bytes',
      labels,
      buckets: exponentialBuckets(1024, 2, 8),
    }),
    watchLists: registry.histogram({
      name: 'apiserver_watch_list_duration_seconds',
      help: 'Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.',
      labels: [...labels, 'scope'],
      stability: 'BETA',
      buckets: [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60],
    }),
    deprecated: registry.gauge({
      name: 'apiserver_requested_deprecated_apis',
      help: 'Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
      labels: [...labels, 'subresource', 'removed_release'],
      stability: 'STABLE',
    }),
    tlsErrors: registry.counter({
      name: 'apiserver_tls_handshake_errors_total',
      help: "Number of requests dropped with 'TLS handshake error from' error",
    }),
  };
}

/** Whether requests for this path are counted; those for resources are when they have a handler. */
export function isCountedPath(path: string): boolean {
  return path === '/healthz' || path === '/livez' || path === '/readyz' || path.startsWith('/openapi/v3');
}

/** Requests for no resource are told apart by their path, in the label that is free. */
function labelsOf(exchange: Exchange): Labels {
  const { info } = exchange;
  const dryRun = dryRunOf(exchange);
  const verb = verbOf(exchange);
  if (!info.resourceRequest) return { verb, dryRun, place: ['', '', '', pathLabel(info.path), '', ''] };
  return { verb, dryRun, place: [info.group, info.version, info.resource, info.subresource, scopeOf(exchange), 'apiserver'] };
}

function pathLabel(path: string): string {
  if (path.startsWith('/openapi/v3')) return 'openapi/v3';
  return isCountedPath(path) ? path : '';
}

export function scopeOf({ info }: Exchange): string {
  if (info.name !== '' || info.verb === 'create') return 'resource';
  if (info.namespace !== '') return 'namespace';
  return info.resourceRequest ? 'cluster' : '';
}

const connects: ReadonlySet<string> = new Set(['log', 'exec', 'portforward', 'attach', 'proxy']);

function verbOf({ info, request }: Exchange): string {
  if (info.verb === 'watch') return 'WATCH';
  if (info.resourceRequest && connects.has(info.subresource)) return 'CONNECT';
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return info.verb === 'list' ? 'LIST' : 'GET';
    case 'PATCH':
      return request.headers['content-type'] === 'application/apply-patch+yaml' ? 'APPLY' : 'PATCH';
    case 'POST':
    case 'PUT':
    case 'DELETE':
      return request.method;
    default:
      return 'other';
  }
}

function dryRunOf({ rawQuery, query }: Exchange): string {
  if (!rawQuery.includes('dryRun')) return '';
  const asked = query.getAll('dryRun');
  if (asked.length === 0) return '';
  return asked.every((value) => value === 'All') ? 'All' : 'invalid';
}

type Kind = 'mutating' | 'readOnly';

/** The most there were at once, in this second or the one before: what upstream finds out by looking every second. */
export class Watermarks {
  readonly #seconds: () => number;
  readonly #marks: Readonly<Record<Kind, { now: number; second: number; highest: number; before: number }>> = {
    mutating: { now: 0, second: 0, highest: 0, before: 0 },
    readOnly: { now: 0, second: 0, highest: 0, before: 0 },
  };

  constructor(seconds: () => number) {
    this.#seconds = seconds;
  }

  add(kind: Kind, change: 1 | -1): void {
    const mark = this.#current(kind);
    mark.now += change;
    if (mark.now > mark.highest) mark.highest = mark.now;
  }

  highest(kind: Kind): number {
    const { highest, before } = this.#current(kind);
    return Math.max(highest, before);
  }

  #current(kind: Kind): { now: number; second: number; highest: number; before: number } {
    const mark = this.#marks[kind];
    const second = Math.floor(this.#seconds());
    if (second !== mark.second) {
      mark.before = second === mark.second + 1 ? mark.highest : mark.now;
      mark.highest = mark.now;
      mark.second = second;
    }
    return mark;
  }
}

export const kindOf = ({ info }: Exchange): Kind =>
  info.verb === 'get' || info.verb === 'list' || info.verb === 'watch' ? 'readOnly' : 'mutating';

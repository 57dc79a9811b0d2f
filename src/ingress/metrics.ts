/** What the Ingress controller counts. Labels name rules and Services, never what clients write, so that nobody outside makes families grow. */
import { type Counter, exponentialBuckets, type Histogram, type MetricRegistry, type Sample } from '../base/metrics.ts';
import type { Route } from './routes.ts';

export interface Expiry {
  readonly namespace: string;
  readonly secret: string;
  readonly host: string;
  /** Seconds since the epoch. */
  readonly notAfter: number;
}

export interface Probes {
  /** Connections of clients that are open. */
  connections(): { readonly http: number; readonly https: number };
  expiries(): Iterable<Expiry>;
}

export interface IngressMetrics {
  /** A request is over; `status` is what its client was told, 499 when it did not wait (nginx's number). No route: no rule matched. */
  answered(route: Route | undefined, status: number, seconds: number): void;
  retried(): void;
  /** A connection is refused or ended for what it does. */
  dropped(reason: 'too-many' | 'malformed' | 'handshake'): void;
  /** Routes have been made anew; `routes` names the Ingresses (`namespace/name`) that are served now. */
  reloaded(served: ReadonlySet<string>, now: number): void;
  follow(probes: Probes): void;
}

interface RouteMetrics {
  readonly codes: Map<number, Counter>;
  readonly seconds: Histogram;
}

/** Registers the families; once a registry. */
export function ingressMetrics(registry: MetricRegistry): IngressMetrics {
  const { requests, durations, retries, drops, reloads, reloadedAt } = families(registry);
  let probes: Probes | undefined;
  collect(registry, () => probes);
  /** By route, so that a request costs no look-up of labels. */
  let children = new WeakMap<Route, RouteMetrics>();
  const known = new Map<string, string[][]>();
  const of = (route: Route): RouteMetrics => {
    const found = children.get(route);
    if (found !== undefined) return found;
    const made = { codes: new Map<number, Counter>(), seconds: durations.with(...labelsOf(route)) };
    remember(known, route, labelsOf(route));
    children.set(route, made);
    return made;
  };
  return {
    answered: (route, status, seconds) => {
      if (route === undefined) return requests.with('', '', '', String(status)).inc();
      const { codes, seconds: histogram } = of(route);
      let counter = codes.get(status);
      if (counter === undefined) {
        const labels = [...labelsOf(route), String(status)];
        codes.set(status, (counter = requests.with(...labels)));
        remember(known, route, labels);
      }
      counter.inc();
      histogram.observe(seconds);
    },
    retried: () => retries.inc(),
    dropped: (reason) => drops.with(reason).inc(),
    reloaded: (served, now) => {
      reloads.inc();
      reloadedAt.set(now / 1000);
      for (const [ingress, labels] of known) {
        if (served.has(ingress)) continue;
        for (const values of labels) (values.length === 4 ? requests : durations).remove(...values);
        known.delete(ingress);
      }
      children = new WeakMap();
    },
    follow: (given) => {
      probes = given;
    },
  };
}

function labelsOf({ namespace, ingress, service }: Route): string[] {
  return [namespace, ingress, service];
}

function remember(known: Map<string, string[][]>, { namespace, ingress }: Route, labels: string[]): void {
  const key = `${namespace}/${ingress}`;
  const list = known.get(key);
  if (list === undefined) known.set(key, [labels]);
  else list.push(labels);
}

function families(registry: MetricRegistry) {
  const rule = ['namespace', 'ingress', 'service'];
  const stability = '';
  const requests = registry.counter({
    name: 'coracle_ingress_requests_total',
    help: 'Requests of clients by the Ingress and Service they went to and the status they got.',
    stability,
    labels: [...rule, 'code'],
  });
  const durations = registry.histogram({
    name: 'coracle_ingress_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    stability,
    labels: rule,
    buckets: exponentialBuckets(0.001, 2.5, 12),
  });
  const retries = registry.counter({
    name: 'coracle_ingress_retries_total',
    help: 'Requests sent to another endpoint because one did not take them.',
    stability,
  });
  const drops = registry.counter({
    name: 'coracle_ingress_dropped_connections_total',
    help: 'Connections refused or ended for what their clients did.',
    stability,
    labels: ['reason'],
  });
  const reloads = registry.counter({ name: 'coracle_ingress_config_reloads_total', help: 'How often routes were made anew.', stability });
  const reloadedAt = registry.gauge({
    name: 'coracle_ingress_config_last_reload_timestamp_seconds',
    help: 'When routes were last made anew.',
    stability,
  });
  return { requests, durations, retries: retries.with(), drops, reloads: reloads.with(), reloadedAt: reloadedAt.with() };
}

function collect(registry: MetricRegistry, probes: () => Probes | undefined): void {
  registry.collected(
    'gauge',
    { name: 'coracle_ingress_connections', help: 'Open connections of clients.', stability: '', labels: ['entry'] },
    () => {
      const { http = 0, https = 0 } = probes()?.connections() ?? {};
      return [
        { labels: { entry: 'http' }, value: http },
        { labels: { entry: 'https' }, value: https },
      ];
    },
  );
  registry.collected(
    'gauge',
    {
      name: 'coracle_ingress_certificate_not_after_seconds',
      help: 'When the certificate shown for a host ends, in seconds since the epoch.',
      stability: '',
      labels: ['namespace', 'secret', 'host'],
    },
    () => [...(probes()?.expiries() ?? [])].map(({ notAfter, ...labels }): Sample => ({ labels, value: notAfter })),
  );
}

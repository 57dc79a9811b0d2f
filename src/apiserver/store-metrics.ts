/** What the store holds, for monitoring and for priority and fairness. Everything is found out when somebody asks. */
import type { MetricRegistry, Sample } from '../base/metrics.ts';
import type { Registry, StoreStats } from '../registry/store.ts';
import type { WorkFacts } from './flow-control/work.ts';

interface Stored {
  readonly group: string;
  readonly resource: string;
  readonly stats: StoreStats;
}

/** One a resource: versions share theirs. */
function* stored(registry: Registry): Iterable<Stored> {
  const seen = new Set<string>();
  for (const store of registry.all()) {
    const { group, resource } = store.definition;
    const stats = store.stats?.();
    if (stats === undefined || seen.has(`${resource}.${group}`)) continue;
    seen.add(`${resource}.${group}`);
    yield { group, resource, stats };
  }
}

export function storeMetrics(metrics: MetricRegistry, registry: Registry): void {
  const each = (of: (stats: StoreStats) => number) =>
    function* (): Iterable<Sample> {
      for (const { group, resource, stats } of stored(registry)) yield { labels: { group, resource }, value: of(stats) };
    };
  const objects = 'Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.';
  metrics.collected(
    'gauge',
    { name: 'apiserver_resource_objects', help: objects },
    each((stats) => stats.objects),
  );
  metrics.collected(
    'gauge',
    {
      name: 'apiserver_resource_size_estimate_bytes',
      help: 'Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects. In case of a fetching error, the value will be -1.',
    },
    each((stats) => stats.bytes),
  );
  metrics.collected(
    'gauge',
    {
      name: 'apiserver_storage_objects',
      help: `(Deprecated since 1.34.0) [DEPRECATED, consider using apiserver_resource_objects instead] ${objects}`,
      stability: 'STABLE',
    },
    function* () {
      for (const { group, resource, stats } of stored(registry)) {
        yield { labels: { resource: group === '' ? resource : `${resource}.${group}` }, value: stats.objects };
      }
    },
  );
}

/** The watch cache; each event that comes is handed on at once. */
export function cacheMetrics(metrics: MetricRegistry, registry: Registry): void {
  const counter = (name: string, help: string, of: (counts: StoreStats['counts']) => number, stability: 'ALPHA' | 'BETA' = 'ALPHA'): void =>
    metrics.collected('counter', { name, help, stability }, function* () {
      for (const { group, resource, stats } of stored(registry)) {
        const value = of(stats.counts);
        if (value > 0) yield { labels: { group, resource }, value };
      }
    });
  const changes = ({ changes: value }: StoreStats['counts']): number => value;
  const prefix = 'apiserver_watch_cache_';
  counter(`${prefix}events_received_total`, 'Counter of events received in watch cache broken by resource type.', changes);
  counter(`${prefix}events_dispatched_total`, 'Counter of events dispatched in watch cache broken by resource type.', changes);
  counter('apiserver_storage_events_received_total', 'Number of etcd events received split by kind.', changes, 'BETA');
  counter(
    'apiserver_init_events_total',
    'Counter of init events processed in watch cache broken by resource type.',
    ({ loaded }) => loaded,
  );
  counter(`${prefix}initializations_total`, 'Counter of watch cache initializations broken by resource type.', ({ loads }) => loads);
}

/** Every group and version is served by this process, hence there. */
export function groupMetrics(metrics: MetricRegistry, registry: Registry): void {
  const help = 'Gauge of APIServices which are marked as unavailable broken down by APIService name.';
  metrics.collected('gauge', { name: 'aggregator_unavailable_apiservice', help }, () => {
    const names = new Set(registry.all().map(({ definition: { group, version } }) => `${version}.${group}`));
    return [...names].map((name) => ({ labels: { name }, value: 0 }));
  });
}

/** `watches`: all of the resource; how many of them look at the namespace makes no difference that could be seen here. */
export function workFacts(registry: Registry): WorkFacts {
  const statsOf = (group: string, version: string, resource: string) => registry.lookup(group, version, resource)?.stats?.();
  return {
    stored: ({ group, version, resource }) => {
      const stats = statsOf(group, version, resource);
      return stats === undefined
        ? undefined
        : { objects: stats.objects, averageBytes: stats.objects === 0 ? 0 : stats.bytes / stats.objects };
    },
    watches: ({ group, version, resource }) => statsOf(group, version, resource)?.watches ?? 0,
  };
}

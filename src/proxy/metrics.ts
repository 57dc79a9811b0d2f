/** What the proxy counts, by kube-proxy's names (pkg/proxy/metrics/metrics.go). */
import type { Counter, Family, Gauge, Histogram, MetricOptions } from '../base/metrics.ts';
import { exponentialBuckets, MetricRegistry } from '../base/metrics.ts';
import { processMetrics } from '../base/process-metrics.ts';

const steps = (start: number, width: number, count: number): number[] => Array.from({ length: count }, (_, at) => start + at * width);
const programming = [...steps(0.25, 0.25, 2), ...steps(1, 1, 59), ...steps(60, 5, 12), ...steps(120, 30, 7)];
const latencies = exponentialBuckets(0.001, 2, 15);

export interface ProxyMetrics {
  readonly registry: MetricRegistry;
  readonly sync: Family<Histogram>;
  readonly fullSync: Family<Histogram>;
  readonly partialSync: Family<Histogram>;
  readonly lastSync: Family<Gauge>;
  readonly lastQueued: Family<Gauge>;
  readonly endpointChanges: Counter;
  readonly endpointChangesPending: Gauge;
  readonly serviceChanges: Counter;
  readonly serviceChangesPending: Gauge;
  readonly networkProgramming: Family<Histogram>;
  readonly noLocalEndpoints: Family<Gauge>;
  readonly syncFailures: Family<Counter>;
  readonly flowsSync: Family<Histogram>;
  readonly flowsDeleted: Family<Counter>;
  readonly healthz: Family<Counter>;
  readonly livez: Family<Counter>;
}

export function createProxyMetrics(): ProxyMetrics {
  const registry = new MetricRegistry();
  const of = (name: string, help: string, labels: readonly string[] = []): MetricOptions => ({ name: `kubeproxy_${name}`, help, labels });
  const family = ['ip_family'];
  const timed = (name: string, help: string, buckets = latencies): Family<Histogram> =>
    registry.histogram({ ...of(name, help, family), buckets });
  processMetrics(registry);
  return {
    registry,
    sync: timed('sync_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds'),
    fullSync: timed('sync_full_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds for full resyncs'),
    partialSync: timed('sync_partial_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds for partial resyncs'),
    lastSync: registry.gauge(of('sync_proxy_rules_last_timestamp_seconds', 'The last time proxy rules were successfully synced', family)),
    lastQueued: registry.gauge(
      of('sync_proxy_rules_last_queued_timestamp_seconds', 'The last time a sync of proxy rules was queued', family),
    ),
    endpointChanges: registry.counter(of('sync_proxy_rules_endpoint_changes_total', 'Cumulative proxy rules Endpoint changes')).with(),
    endpointChangesPending: registry.gauge(of('sync_proxy_rules_endpoint_changes_pending', 'Pending proxy rules Endpoint changes')).with(),
    serviceChanges: registry.counter(of('sync_proxy_rules_service_changes_total', 'Cumulative proxy rules Service changes')).with(),
    serviceChangesPending: registry.gauge(of('sync_proxy_rules_service_changes_pending', 'Pending proxy rules Service changes')).with(),
    networkProgramming: timed('network_programming_duration_seconds', 'In Cluster Network Programming Latency in seconds', programming),
    noLocalEndpoints: registry.gauge(
      of('sync_proxy_rules_no_local_endpoints_total', 'Number of services with a Local traffic policy and no endpoints', [
        'traffic_policy',
        'ip_family',
      ]),
    ),
    syncFailures: registry.counter(of('sync_proxy_rules_nftables_sync_failures_total', 'Cumulative proxy nftables sync failures', family)),
    flowsSync: timed('conntrack_reconciler_sync_duration_seconds', 'ReconcileConntrackFlowsLatency latency in seconds'),
    flowsDeleted: registry.counter(
      of('conntrack_reconciler_deleted_entries_total', 'Cumulative conntrack flows deleted by conntrack reconciler', family),
    ),
    healthz: registry.counter(of('proxy_healthz_total', 'Cumulative proxy healthz HTTP status', ['code'])),
    livez: registry.counter(of('proxy_livez_total', 'Cumulative proxy livez HTTP status', ['code'])),
  };
}

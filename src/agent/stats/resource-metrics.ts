/** /metrics/resource, which the metrics server reads (pkg/kubelet/metrics/collectors/resource_metrics.go). */
import { Exposition, type TimedSample } from './exposition.ts';
import type { GroupStats } from './cgroup.ts';
import type { Usage } from './usage.ts';

interface Row {
  readonly labels: TimedSample['labels'];
  readonly stats: GroupStats;
  readonly startedAt: number;
}

function rowsOf(pods: Usage['pods']): { readonly containers: Row[]; readonly whole: Row[] } {
  const containers: Row[] = pods.flatMap(({ worker: { pod }, containers: uses }) =>
    uses.map(({ container, stats }) => ({
      labels: [
        ['container', container.name],
        ['namespace', pod.metadata.namespace ?? ''],
        ['pod', pod.metadata.name],
      ],
      stats,
      startedAt: container.startedAt,
    })),
  );
  const whole: Row[] = pods.flatMap(({ worker: { pod }, group }) =>
    group === undefined
      ? []
      : [
          {
            labels: [
              ['namespace', pod.metadata.namespace ?? ''],
              ['pod', pod.metadata.name],
            ],
            stats: group.stats,
            startedAt: 0,
          },
        ],
  );
  return { containers, whole };
}

/** `startedAt`: of this process, ms since the epoch. */
export function resourceMetrics({ node, pods }: Usage, startedAt: number): string {
  const text = new Exposition();
  const { containers, whole } = rowsOf(pods);
  const of = (rows: readonly Row[], value: (row: Row) => number, timed = true): TimedSample[] =>
    rows.map((row) => ({ labels: row.labels, value: value(row), ...(timed ? { time: row.stats.time } : {}) }));
  const seconds = ({ stats }: Row): number => stats.cpu.nanos / 1e9;
  const workingSet = ({ stats }: Row): number => stats.memory.workingSet;
  const swap = ({ stats }: Row): number => stats.memory.swap;
  const onNode = (value: number): TimedSample[] => [{ labels: [], value, time: node.time }];
  const elsewhere = 'Reported only on non-windows systems';
  text.add('gauge', 'node_swap_usage_bytes', `[ALPHA] Current swap usage of the node in bytes. ${elsewhere}`, onNode(node.swapUsage));
  text.add(
    'counter',
    'node_cpu_usage_seconds_total',
    '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
    onNode(node.cpuNanos / 1e9),
  );
  text.add('gauge', 'node_memory_working_set_bytes', '[STABLE] Current working set of the node in bytes', onNode(node.workingSet));
  text.add(
    'counter',
    'container_cpu_usage_seconds_total',
    '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
    of(containers, seconds),
  );
  text.add(
    'gauge',
    'container_memory_working_set_bytes',
    '[STABLE] Current working set of the container in bytes',
    of(containers, workingSet),
  );
  text.add(
    'gauge',
    'container_start_time_seconds',
    '[STABLE] Start time of the container since unix epoch in seconds',
    of(containers, (row) => row.startedAt / 1000, false),
  );
  text.add(
    'gauge',
    'container_swap_usage_bytes',
    `[ALPHA] Current amount of the container swap usage in bytes. ${elsewhere}`,
    of(containers, swap),
  );
  text.add(
    'gauge',
    'container_swap_limit_bytes',
    `[ALPHA] Current amount of the container swap limit in bytes. ${elsewhere}`,
    // Docker is told to give a container as much memory and swap together as memory alone: none.
    of(containers, () => 0),
  );
  text.add(
    'counter',
    'pod_cpu_usage_seconds_total',
    '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
    of(whole, seconds),
  );
  text.add('gauge', 'pod_memory_working_set_bytes', '[STABLE] Current working set of the pod in bytes', of(whole, workingSet));
  text.add('gauge', 'pod_swap_usage_bytes', `[ALPHA] Current amount of the pod swap usage in bytes. ${elsewhere}`, of(whole, swap));
  text.add('gauge', 'resource_scrape_error', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', [
    { labels: [], value: 0 },
  ]);
  text.add('gauge', 'process_start_time_seconds', '[ALPHA] Start time of the process since unix epoch in seconds.', [
    { labels: [], value: startedAt / 1000 },
  ]);
  return text.text();
}

/** /metrics/cadvisor: names, labels and help texts are cAdvisor's (github.com/google/cadvisor/metrics/prometheus.go), as the kubelet picks them. */
import type { NodeSystemInfo } from '../../api/generated/types.ts';
import type { GroupStats } from './cgroup.ts';
import { Exposition, type TimedSample } from './exposition.ts';
import type { NetworkInterface, NodeUse } from './machine-use.ts';
import type { Usage } from './usage.ts';

/** One control group with what cAdvisor says of it. */
interface Row {
  readonly labels: readonly (readonly [string, string])[];
  readonly stats: GroupStats;
  /** Milliseconds since the epoch; 0 when unknown. */
  readonly startedAt: number;
  readonly interfaces: readonly NetworkInterface[];
}

interface Metric {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  /** Undefined: the group has no such value. */
  readonly values: (row: Row) => readonly (readonly [value: number | undefined, ...labels: (readonly [string, string])[]])[];
}

function one(type: Metric['type'], name: string, help: string, value: (stats: GroupStats, row: Row) => number | undefined): Metric {
  return { type, name, help, values: (row) => [[value(row.stats, row)]] };
}

function each(name: string, help: string, value: (of: NetworkInterface) => number): Metric {
  return {
    type: 'counter',
    name,
    help,
    values: (row) => row.interfaces.map((of) => [value(of), ['interface', of.name]]),
  };
}

const seconds = (nanos: number): number => nanos / 1e9;

/** Only a group with a limit is ever throttled. */
const throttled = (name: keyof GroupStats['cpu']) => (stats: GroupStats) =>
  stats.cpu.quota === undefined ? undefined : Number(stats.cpu[name]);

const metrics: readonly Metric[] = [
  {
    type: 'counter',
    name: 'container_cpu_usage_seconds_total',
    help: 'Cumulative cpu time consumed in seconds.',
    values: ({ stats }) => [[seconds(stats.cpu.nanos), ['cpu', 'total']]],
  },
  one('counter', 'container_cpu_user_seconds_total', 'Cumulative user cpu time consumed in seconds.', ({ cpu }) => seconds(cpu.userNanos)),
  one('counter', 'container_cpu_system_seconds_total', 'Cumulative system cpu time consumed in seconds.', ({ cpu }) =>
    seconds(cpu.systemNanos),
  ),
  one('counter', 'container_cpu_cfs_periods_total', 'Number of elapsed enforcement period intervals.', throttled('periods')),
  one('counter', 'container_cpu_cfs_throttled_periods_total', 'Number of throttled period intervals.', throttled('throttledPeriods')),
  one('counter', 'container_cpu_cfs_throttled_seconds_total', 'Total time duration the container has been throttled.', (stats) =>
    stats.cpu.quota === undefined ? undefined : seconds(stats.cpu.throttledNanos),
  ),
  one('gauge', 'container_cpu_load_average_10s', 'Value of container cpu load average over the last 10 seconds.', () => 0),
  one('gauge', 'container_cpu_load_d_average_10s', 'Value of container cpu load.d average over the last 10 seconds.', () => 0),
  one('gauge', 'container_last_seen', 'Last time a container was seen by the exporter', ({ time }) => Math.floor(time / 1000)),
  one('gauge', 'container_memory_cache', 'Number of bytes of page cache memory.', ({ memory }) => memory.cache),
  one('counter', 'container_memory_failcnt', 'Number of memory usage hits limits', ({ memory }) => memory.failures),
  {
    type: 'counter',
    name: 'container_memory_failures_total',
    help: 'Cumulative count of memory allocation failures.',
    values: ({ stats: { memory } }) =>
      (['container', 'hierarchy'] as const).flatMap((scope) => [
        [memory.pageFaults, ['failure_type', 'pgfault'], ['scope', scope]] as const,
        [memory.majorPageFaults, ['failure_type', 'pgmajfault'], ['scope', scope]] as const,
      ]),
  },
  one('gauge', 'container_memory_kernel_usage', 'Size of kernel memory allocated in bytes.', ({ memory }) => memory.kernel),
  one('gauge', 'container_memory_mapped_file', 'Size of memory mapped files in bytes.', ({ memory }) => memory.mappedFile),
  one('gauge', 'container_memory_max_usage_bytes', 'Maximum memory usage recorded in bytes', ({ memory }) => memory.maxUsage),
  one('gauge', 'container_memory_rss', 'Size of RSS in bytes.', ({ memory }) => memory.rss),
  one('gauge', 'container_memory_swap', 'Container swap usage in bytes.', ({ memory }) => memory.swap),
  one('gauge', 'container_memory_total_active_file_bytes', 'Current total active file in bytes.', ({ memory }) => memory.activeFile),
  one('gauge', 'container_memory_total_inactive_file_bytes', 'Current total inactive file in bytes.', ({ memory }) => memory.inactiveFile),
  one(
    'gauge',
    'container_memory_usage_bytes',
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
    ({ memory }) => memory.usage,
  ),
  one('gauge', 'container_memory_working_set_bytes', 'Current working set in bytes.', ({ memory }) => memory.workingSet),
  each('container_network_receive_bytes_total', 'Cumulative count of bytes received', (of) => of.rxBytes),
  each('container_network_receive_errors_total', 'Cumulative count of errors encountered while receiving', (of) => of.rxErrors),
  each('container_network_receive_packets_dropped_total', 'Cumulative count of packets dropped while receiving', (of) => of.rxDropped),
  each('container_network_receive_packets_total', 'Cumulative count of packets received', (of) => of.rxPackets),
  each('container_network_transmit_bytes_total', 'Cumulative count of bytes transmitted', (of) => of.txBytes),
  each('container_network_transmit_errors_total', 'Cumulative count of errors encountered while transmitting', (of) => of.txErrors),
  each('container_network_transmit_packets_dropped_total', 'Cumulative count of packets dropped while transmitting', (of) => of.txDropped),
  each('container_network_transmit_packets_total', 'Cumulative count of packets transmitted', (of) => of.txPackets),
  one('counter', 'container_oom_events_total', 'Count of out of memory events observed for the container', () => 0),
  one('gauge', 'container_spec_cpu_period', 'CPU period of the container.', ({ cpu }) => cpu.period || undefined),
  one('gauge', 'container_spec_cpu_quota', 'CPU quota of the container.', ({ cpu }) => cpu.quota),
  one('gauge', 'container_spec_cpu_shares', 'CPU share of the container.', ({ cpu }) => cpu.shares || undefined),
  one('gauge', 'container_spec_memory_limit_bytes', 'Memory limit for the container.', ({ memory }) => memory.limit ?? 0),
  one('gauge', 'container_spec_memory_reservation_limit_bytes', 'Memory reservation limit for the container.', () => 0),
  one('gauge', 'container_spec_memory_swap_limit_bytes', 'Memory swap limit for the container.', ({ memory }) => memory.swapLimit ?? 0),
  one('gauge', 'container_start_time_seconds', 'Start time of the container since unix epoch in seconds.', (_stats, row) =>
    row.startedAt === 0 ? undefined : row.startedAt / 1000,
  ),
  one('gauge', 'container_threads', 'Number of threads running inside the container', ({ threads }) => threads),
  one(
    'gauge',
    'container_threads_max',
    'Maximum number of threads allowed inside the container, infinity if value is zero',
    ({ threadsMax }) => threadsMax ?? 0,
  ),
];

export interface CadvisorInput {
  readonly usage: Usage;
  readonly info: NodeSystemInfo;
  readonly processors: number;
}

export function cadvisorMetrics({ usage, info, processors }: CadvisorInput): string {
  const text = new Exposition();
  const all = rows(usage);
  for (const { type, name, help, values } of metrics) {
    const samples = all.flatMap((row) =>
      values(row).flatMap(([value, ...labels]): TimedSample[] =>
        value === undefined ? [] : [{ labels: [...row.labels, ...labels], value, time: row.stats.time }],
      ),
    );
    text.add(type, name, help, samples);
  }
  text.add('gauge', 'container_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', [
    { labels: [], value: 0 },
  ]);
  machine(text, { usage, info, processors });
  return text.text();
}

function machine(text: Exposition, { usage: { node }, info, processors }: CadvisorInput): void {
  const labels = [
    ['boot_id', info.bootID],
    ['machine_id', info.machineID],
    ['system_uuid', info.systemUUID],
  ] as const;
  const add = (name: string, help: string, value: number): void => text.add('gauge', name, help, [{ labels, value }]);
  add('machine_cpu_cores', 'Number of logical CPU cores.', processors);
  add('machine_memory_bytes', 'Amount of memory installed on the machine.', node.memoryTotal);
  add('machine_swap_bytes', 'Amount of swap memory available on the machine.', node.swapTotal);
  text.add('gauge', 'machine_scrape_error', '1 if there was an error while getting machine metrics, 0 otherwise.', [
    { labels: [], value: 0 },
  ]);
  text.add(
    'gauge',
    'cadvisor_version_info',
    "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
    [
      {
        labels: [
          ['cadvisorRevision', ''],
          ['cadvisorVersion', ''],
          ['dockerVersion', ''],
          ['kernelVersion', info.kernelVersion],
          ['osVersion', info.osImage],
        ],
        value: 1,
      },
    ],
  );
}

function rows({ node, pods, allPods }: Usage): Row[] {
  const label = (of: { id: string; name?: string; image?: string; container?: string; pod?: string; namespace?: string }): Row['labels'] =>
    (['container', 'id', 'image', 'name', 'namespace', 'pod'] as const).map((key) => [key, of[key] ?? '']);
  const root: Row = { labels: label({ id: '/' }), stats: rootStats(node), startedAt: node.startTime, interfaces: node.interfaces };
  const together: Row[] =
    allPods === undefined ? [] : [{ labels: label({ id: allPods.path.name }), stats: allPods.stats, startedAt: 0, interfaces: [] }];
  const each = pods.flatMap(({ worker: { pod }, group, containers, interfaces }): Row[] => {
    const { name, namespace = '' } = pod.metadata;
    const whole =
      group === undefined
        ? []
        : [
            {
              labels: label({ id: group.path.name, pod: name, namespace }),
              stats: group.stats,
              startedAt: Date.parse(pod.status.startTime ?? '') || 0,
              interfaces,
            },
          ];
    const own = containers.map(({ container, path, stats }) => ({
      labels: label({
        id: path.name,
        name: `k8s_${container.name}_${name}_${namespace}_${pod.metadata.uid}_${String(container.restartCount)}`,
        image: container.image,
        container: container.name,
        pod: name,
        namespace,
      }),
      stats,
      startedAt: container.startedAt,
      interfaces: [],
    }));
    return [...whole, ...own];
  });
  return [root, ...together, ...each];
}

/** The machine as the root of all groups. */
function rootStats(node: NodeUse): GroupStats {
  const { time, cpuNanos, userNanos, systemNanos } = node;
  return {
    time,
    cpu: {
      ...{ nanos: cpuNanos, userNanos, systemNanos, periods: 0, throttledPeriods: 0, throttledNanos: 0 },
      ...{ shares: 1024, quota: undefined, period: 100_000 },
    },
    memory: {
      ...{ usage: node.memoryUsage, workingSet: node.workingSet, rss: node.rss, swap: node.swapUsage },
      ...{ cache: Math.max(0, node.memoryUsage - node.rss), mappedFile: 0, kernel: 0, maxUsage: 0, failures: 0 },
      ...{ activeFile: 0, inactiveFile: Math.max(0, node.memoryUsage - node.workingSet) },
      ...{ pageFaults: node.pageFaults, majorPageFaults: node.majorPageFaults, limit: node.memoryTotal, swapLimit: node.swapTotal },
    },
    threads: node.processes,
    threadsMax: node.maxProcesses,
  };
}

/** /stats/summary and /metrics/resource: what containers, pods and the node use (kubelet/pkg/apis/stats, metrics/collectors). */
import { readFile, statfs } from 'node:fs/promises';
import { rfc3339 } from '../../base/clock.ts';
import type { PodDeps } from '../pods/deps.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { Container, ContainerStats } from '../runtimes/runtime.ts';

export interface ContainerUse {
  readonly container: Container;
  readonly stats: ContainerStats;
}

export interface PodUse {
  readonly worker: PodWorker;
  readonly containers: readonly ContainerUse[];
}

export interface NodeUse {
  readonly time: number;
  readonly startTime: number;
  readonly cpuNanos: number;
  readonly memoryUsage: number;
  readonly workingSet: number;
  readonly availableBytes: number;
}

export interface Usage {
  readonly node: NodeUse;
  readonly pods: readonly PodUse[];
}

export async function readUsage(deps: PodDeps, workers: Iterable<PodWorker>): Promise<Usage> {
  const pods = await Promise.all([...workers].map((worker) => podUse(deps, worker)));
  return { node: await nodeUse(deps.clock.now()), pods };
}

async function podUse(deps: PodDeps, worker: PodWorker): Promise<PodUse> {
  const running = worker.records.flatMap((record) => (record.current?.state === 'running' ? [record.current] : []));
  const uses = await Promise.all(
    running.map(async (container) => {
      const stats = await deps.runtime.stats(container);
      return stats === undefined ? undefined : { container, stats };
    }),
  );
  return { worker, containers: uses.filter((use) => use !== undefined) };
}

async function nodeUse(now: number): Promise<NodeUse> {
  const [stat, memory, uptime] = await Promise.all(
    ['/proc/stat', '/proc/meminfo', '/proc/uptime'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  // user, nice, system, irq, softirq and steal, in hundredths of a second.
  const ticks = (stat?.split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
  const busy = [0, 1, 2, 5, 6, 7].reduce((sum, at) => sum + (ticks[at] ?? 0), 0);
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory ?? '')?.[1] ?? 0) * 1024;
  const used = kib('MemTotal') - kib('MemFree');
  return {
    time: now,
    startTime: now - Number(uptime?.split(' ')[0] ?? 0) * 1000,
    cpuNanos: busy * 10_000_000,
    memoryUsage: used,
    workingSet: Math.max(0, used - kib('Inactive\\(file\\)')),
    availableBytes: kib('MemAvailable'),
  };
}

interface Amounts {
  readonly time: number;
  readonly cpuNanos: number;
  readonly memoryUsage: number;
  readonly workingSet: number;
  readonly rss?: number;
}

/** `before` gives the rate of processor use. */
function cpuAndMemory(use: Amounts, before: Amounts | undefined): object {
  const time = rfc3339(use.time);
  const span = before === undefined ? 0 : use.time - before.time;
  const rate = before === undefined || span <= 0 ? 0 : Math.max(0, Math.round(((use.cpuNanos - before.cpuNanos) * 1000) / span));
  return {
    cpu: { time, usageNanoCores: rate, usageCoreNanoSeconds: use.cpuNanos },
    memory: { time, usageBytes: use.memoryUsage, workingSetBytes: use.workingSet, ...(use.rss === undefined ? {} : { rssBytes: use.rss }) },
  };
}

function sum(uses: readonly ContainerUse[]): Amounts | undefined {
  const [first] = uses;
  if (first === undefined) return undefined;
  const total = (of: (stats: ContainerStats) => number): number => uses.reduce((all, use) => all + of(use.stats), 0);
  return {
    time: first.stats.time,
    cpuNanos: total((stats) => stats.cpuNanos),
    memoryUsage: total((stats) => stats.memoryUsage),
    workingSet: total((stats) => stats.workingSet),
    rss: total((stats) => stats.rss),
  };
}

export interface SummaryInput {
  readonly nodeName: string;
  readonly usage: Usage;
  readonly before: Usage | undefined;
  readonly disk: { readonly capacity: number; readonly available: number };
}

export function summary({ nodeName, usage, before, disk }: SummaryInput): object {
  const fs = {
    time: rfc3339(usage.node.time),
    availableBytes: disk.available,
    capacityBytes: disk.capacity,
    usedBytes: disk.capacity - disk.available,
  };
  const earlier = new Map(
    before?.pods.flatMap(({ containers }) => containers.map(({ container, stats }) => [container.id, stats] as const)),
  );
  const pods = usage.pods.map(({ worker, containers }) => {
    const { name, namespace, uid } = worker.pod.metadata;
    const total = sum(containers);
    const totalBefore = sum(
      containers.flatMap(({ container }) =>
        earlier.has(container.id) ? [{ container, stats: earlier.get(container.id) as ContainerStats }] : [],
      ),
    );
    return {
      podRef: { name, namespace, uid },
      startTime: worker.pod.status.startTime ?? worker.pod.metadata.creationTimestamp,
      containers: containers.map(({ container, stats }) => ({
        name: container.name,
        startTime: rfc3339(container.startedAt),
        ...cpuAndMemory(stats, earlier.get(container.id)),
        rootfs: fs,
        logs: fs,
      })),
      ...(total === undefined ? {} : cpuAndMemory(total, totalBefore)),
    };
  });
  const node = cpuAndMemory(usage.node, before?.node) as { memory: object };
  return {
    node: {
      nodeName,
      startTime: rfc3339(usage.node.startTime),
      ...node,
      memory: { ...node.memory, availableBytes: usage.node.availableBytes },
      fs,
      runtime: { imageFs: fs },
    },
    pods,
  };
}

export async function readDisk(path: string): Promise<{ capacity: number; available: number }> {
  const disk = await statfs(path).catch(() => undefined);
  return { capacity: (disk?.blocks ?? 0) * (disk?.bsize ?? 0), available: (disk?.bavail ?? 0) * (disk?.bsize ?? 0) };
}

/** Prometheus text of /metrics/resource, which the metrics server reads. */
export function resourceMetrics({ node, pods }: Usage): string {
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: readonly (readonly [string, number, number])[]): void => {
    lines.push(`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value, time] of samples) lines.push(`${name}${labels} ${value} ${time}`);
  };
  const containers = pods.flatMap(({ worker, containers: uses }) =>
    uses.map(({ container, stats }) => ({
      labels: `{container="${container.name}",namespace="${worker.pod.metadata.namespace ?? ''}",pod="${worker.pod.metadata.name}"}`,
      container,
      stats,
    })),
  );
  const totals = pods.flatMap(({ worker, containers: uses }) => {
    const total = sum(uses);
    return total === undefined
      ? []
      : [{ labels: `{namespace="${worker.pod.metadata.namespace ?? ''}",pod="${worker.pod.metadata.name}"}`, total }];
  });
  family(
    'container_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the container in core-seconds',
    containers.map(({ labels, stats }) => [labels, stats.cpuNanos / 1e9, stats.time]),
  );
  family(
    'container_memory_working_set_bytes',
    'gauge',
    'Current working set of the container in bytes',
    containers.map(({ labels, stats }) => [labels, stats.workingSet, stats.time]),
  );
  family(
    'container_start_time_seconds',
    'gauge',
    'Start time of the container since unix epoch in seconds',
    containers.map(({ labels, container, stats }) => [labels, container.startedAt / 1000, stats.time]),
  );
  family('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [
    ['', node.cpuNanos / 1e9, node.time],
  ]);
  family('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [['', node.workingSet, node.time]]);
  family(
    'pod_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the pod in core-seconds',
    totals.map(({ labels, total }) => [labels, total.cpuNanos / 1e9, total.time]),
  );
  family(
    'pod_memory_working_set_bytes',
    'gauge',
    'Current working set of the pod in bytes',
    totals.map(({ labels, total }) => [labels, total.workingSet, total.time]),
  );
  family('resource_scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [['', 0, node.time]]);
  return `${lines.join('\n')}\n`;
}

/** /stats/summary (kubelet/pkg/apis/stats/v1alpha1). */
import { rfc3339 } from '../../base/clock.ts';
import type { Container } from '../runtimes/runtime.ts';
import type { GroupStats } from './cgroup.ts';
import type { VolumeUse } from './disk-cache.ts';
import type { Disk, NetworkInterface, NodeUse } from './machine-use.ts';
import type { GroupUse, PodUse, Usage } from './usage.ts';

export interface SummaryInput {
  readonly nodeName: string;
  readonly usage: Usage;
  /** An earlier reading: rates are counted from there. */
  readonly before: Usage | undefined;
  readonly nodeDisk: Disk;
  readonly imageDisk: Disk;
  readonly imageBytes: number;
  readonly pods: readonly PodDisks[];
}

/** What a pod has on disk, in the order of `usage.pods`. */
export interface PodDisks {
  /** Bytes by container id. */
  readonly containers: ReadonlyMap<string, number>;
  readonly volumes: readonly VolumeUse[];
}

const pressure = { full: { total: 0, avg10: 0, avg60: 0, avg300: 0 }, some: { total: 0, avg10: 0, avg60: 0, avg300: 0 } };

interface Amounts {
  readonly time: number;
  readonly cpuNanos: number;
}

/** Of a processor, in billionths; 0 until there are two readings. */
function rate(now: Amounts, before: Amounts | undefined): number {
  const span = before === undefined ? 0 : now.time - before.time;
  return before === undefined || span <= 0 ? 0 : Math.max(0, Math.round(((now.cpuNanos - before.cpuNanos) * 1000) / span));
}

function amounts({ time, cpu }: GroupStats): Amounts {
  return { time, cpuNanos: cpu.nanos };
}

/** CPU and memory of one group; `withPressure` for what the kubelet reads out of cgroups itself. */
function group(stats: GroupStats, before: GroupStats | undefined, withPressure: boolean): { cpu: object; memory: object } {
  const time = rfc3339(stats.time);
  const { memory } = stats;
  const psi = withPressure ? { psi: pressure } : {};
  return {
    cpu: {
      time,
      usageNanoCores: rate(amounts(stats), before === undefined ? undefined : amounts(before)),
      usageCoreNanoSeconds: stats.cpu.nanos,
      ...psi,
    },
    memory: {
      time,
      ...(memory.limit === undefined ? {} : { availableBytes: Math.max(0, memory.limit - memory.workingSet) }),
      usageBytes: memory.usage,
      workingSetBytes: memory.workingSet,
      rssBytes: memory.rss,
      pageFaults: memory.pageFaults,
      majorPageFaults: memory.majorPageFaults,
      ...psi,
    },
  };
}

function network(interfaces: readonly NetworkInterface[], time: number): object | undefined {
  const shown = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({ name, rxBytes, rxErrors, txBytes, txErrors }));
  const main = shown.find(({ name }) => name === 'eth0') ?? shown[0];
  return main === undefined ? undefined : { time: rfc3339(time), ...main, interfaces: shown };
}

function disk(time: number, { available, capacity, inodes, inodesFree }: Disk, used: { bytes: number; inodes: number }): object {
  return {
    time: rfc3339(time),
    availableBytes: available,
    capacityBytes: capacity,
    usedBytes: used.bytes,
    inodesFree,
    inodes,
    inodesUsed: used.inodes,
  };
}

export function summary(input: SummaryInput): object {
  return {
    node: nodeSummary(input),
    pods: input.usage.pods.map((pod, at) => podSummary(input, pod, input.pods[at])),
  };
}

/** `?only_cpu_and_memory=true`. */
export function cpuAndMemory(input: SummaryInput): object {
  const { node, pods } = summary(input) as { node: Record<string, unknown>; pods: Record<string, unknown>[] };
  const pick = (from: Record<string, unknown>, ...names: string[]): object =>
    Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
  const brief = (container: unknown): object => pick(container as Record<string, unknown>, 'name', 'startTime', 'cpu', 'memory', 'swap');
  return {
    node: {
      ...pick(node, 'nodeName', 'startTime', 'cpu', 'memory', 'swap'),
      systemContainers: (node['systemContainers'] as unknown[]).map(brief),
    },
    pods: pods.map((pod) => ({
      ...pick(pod, 'podRef', 'startTime', 'cpu', 'memory', 'swap'),
      containers: (pod['containers'] as unknown[]).map(brief),
    })),
  };
}

function nodeSummary({ nodeName, usage, before, nodeDisk, imageDisk, imageBytes }: SummaryInput): object {
  const { node, allPods } = usage;
  const time = rfc3339(node.time);
  const images = disk(node.time, imageDisk, { bytes: imageBytes, inodes: imageDisk.inodes - imageDisk.inodesFree });
  return {
    nodeName,
    systemContainers: allPods === undefined ? [] : [systemContainer(allPods, before?.allPods, node)],
    startTime: rfc3339(node.startTime),
    cpu: { time, usageNanoCores: rate(node, before?.node), usageCoreNanoSeconds: node.cpuNanos, psi: pressure },
    memory: {
      time,
      availableBytes: Math.max(0, node.memoryTotal - node.workingSet),
      usageBytes: node.memoryUsage,
      workingSetBytes: node.workingSet,
      rssBytes: node.rss,
      pageFaults: node.pageFaults,
      majorPageFaults: node.majorPageFaults,
      psi: pressure,
    },
    io: { time, psi: pressure },
    network: network(node.interfaces, node.time),
    fs: disk(node.time, nodeDisk, { bytes: nodeDisk.used, inodes: nodeDisk.inodes - nodeDisk.inodesFree }),
    runtime: { imageFs: images, containerFs: images },
    rlimit: { time, maxpid: node.maxProcesses, curproc: node.processes },
    swap: { time, swapAvailableBytes: node.swapTotal - node.swapUsage, swapUsageBytes: node.swapUsage },
  };
}

function systemContainer({ stats }: GroupUse, before: GroupUse | undefined, node: NodeUse): object {
  const time = rfc3339(stats.time);
  const { cpu, memory } = group(stats, before?.stats, true);
  const limit = Math.min(stats.memory.limit ?? Infinity, node.memoryTotal);
  return {
    name: 'pods',
    startTime: rfc3339(node.startTime),
    cpu,
    memory: { ...memory, availableBytes: Math.max(0, limit - stats.memory.workingSet) },
    io: { time, psi: pressure },
    swap: { time, swapUsageBytes: stats.memory.swap },
  };
}

function containerSummary(
  container: Container,
  stats: GroupStats,
  { before, bytes, nodeDisk }: { before: GroupStats | undefined; bytes: number; nodeDisk: Disk },
): object {
  const time = rfc3339(stats.time);
  return {
    name: container.name,
    startTime: rfc3339(container.startedAt),
    ...group(stats, before, false),
    io: { time },
    rootfs: disk(stats.time, nodeDisk, { bytes, inodes: 0 }),
    logs: disk(stats.time, nodeDisk, { bytes: 0, inodes: 0 }),
    swap: { time, swapAvailableBytes: 0, swapUsageBytes: stats.memory.swap },
  };
}

function podSummary({ before, nodeDisk }: SummaryInput, pod: PodUse, disks: PodDisks | undefined): object {
  const { name, namespace, uid } = pod.worker.pod.metadata;
  const earlier = before?.pods.find((other) => other.worker === pod.worker);
  const containers = pod.containers.map(({ container, stats }) =>
    containerSummary(container, stats, {
      before: earlier?.containers.find((other) => other.container.id === container.id)?.stats,
      bytes: disks?.containers.get(container.id) ?? 0,
      nodeDisk,
    }),
  );
  const { stats } = pod.group ?? {};
  const time = stats?.time ?? 0;
  const used = (disks?.volumes ?? []).filter((volume) => volume.claim === undefined);
  const bytes = [...(disks?.containers.values() ?? []), ...used.map((volume) => volume.usedBytes)].reduce((sum, one) => sum + one, 0);
  const net = network(pod.interfaces, time);
  return {
    podRef: { name, namespace, uid },
    startTime: pod.worker.pod.status.startTime ?? pod.worker.pod.metadata.creationTimestamp,
    containers,
    ...(stats === undefined ? {} : { ...group(stats, earlier?.group?.stats, true), io: { time: rfc3339(time), psi: pressure } }),
    ...(net === undefined ? {} : { network: net }),
    volume: (disks?.volumes ?? []).map((volume) => ({
      ...disk(volume.time, volume.disk, { bytes: volume.usedBytes, inodes: volume.inodesUsed }),
      name: volume.name,
      ...(volume.claim === undefined ? {} : { pvcRef: { name: volume.claim, namespace } }),
    })),
    'ephemeral-storage': disk(time, nodeDisk, { bytes, inodes: used.reduce((sum, volume) => sum + volume.inodesUsed, 0) }),
    ...(stats === undefined ? {} : { swap: { time: rfc3339(time), swapUsageBytes: stats.memory.swap } }),
  };
}

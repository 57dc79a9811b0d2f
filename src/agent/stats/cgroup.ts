/** What a control group has used and may use, version 1 or 2, out of its files (cAdvisor's libcontainer handler). */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Folders of one group. With version 2 all are the same. */
export interface GroupPath {
  readonly unified: boolean;
  /** As cAdvisor names it: `/kubepods/burstable/pod.../...`. */
  readonly name: string;
  readonly cpu: string;
  readonly cpuacct: string;
  readonly memory: string;
  readonly pids: string;
}

export interface GroupStats {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cpu: {
    readonly nanos: number;
    readonly userNanos: number;
    readonly systemNanos: number;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNanos: number;
    readonly shares: number;
    /** Undefined without a limit. */
    readonly quota: number | undefined;
    readonly period: number;
  };
  /** Bytes, but for faults and failures. */
  readonly memory: {
    readonly usage: number;
    readonly workingSet: number;
    readonly rss: number;
    readonly cache: number;
    readonly mappedFile: number;
    readonly swap: number;
    readonly kernel: number;
    readonly maxUsage: number;
    readonly failures: number;
    readonly activeFile: number;
    readonly inactiveFile: number;
    readonly pageFaults: number;
    readonly majorPageFaults: number;
    /** Undefined without a limit. */
    readonly limit: number | undefined;
    readonly swapLimit: number | undefined;
  };
  readonly threads: number;
  /** Undefined without a limit. */
  readonly threadsMax: number | undefined;
}

const root = '/sys/fs/cgroup';

/** The group of a process; undefined when it is gone. */
export async function groupOf(pid: number): Promise<GroupPath | undefined> {
  if (pid <= 0) return undefined;
  const lines = (await text(`/proc/${String(pid)}/cgroup`)).split('\n').map((line) => line.split(':'));
  const unified = lines.find(([id, names]) => id === '0' && names === '')?.[2];
  const group = (controller: string): string | undefined => lines.find(([, names]) => names?.split(',').includes(controller))?.[2];
  const memory = group('memory');
  if (memory !== undefined) return versionOne(memory);
  return unified === undefined ? undefined : versionTwo(unified);
}

/** The group of that name, wherever this machine keeps it. */
export async function groupNamed(name: string): Promise<GroupPath> {
  return (await text(join(root, 'cgroup.controllers'))) === '' ? versionOne(name) : versionTwo(name);
}

export function parentGroup(group: GroupPath): GroupPath {
  return group.unified ? versionTwo(dirname(group.name)) : versionOne(dirname(group.name));
}

function versionOne(name: string): GroupPath {
  const at = (controller: string): string => join(root, controller, name);
  return { unified: false, name, cpu: at('cpu'), cpuacct: at('cpuacct'), memory: at('memory'), pids: at('pids') };
}

function versionTwo(name: string): GroupPath {
  const dir = join(root, name);
  return { unified: true, name, cpu: dir, cpuacct: dir, memory: dir, pids: dir };
}

/** Undefined when the group is not there. */
export async function readGroup(group: GroupPath, now: number): Promise<GroupStats | undefined> {
  const stats = group.unified ? await readUnified(group, now) : await readSeparate(group, now);
  return stats.memory.usage === 0 && stats.cpu.nanos === 0 ? undefined : stats;
}

async function text(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return '';
  }
}

/** A file of `name value` lines. */
function table(content: string): (name: string) => number {
  const values = new Map(content.split('\n').map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]));
  return (name) => values.get(name) ?? 0;
}

/** `max`, -1 and version 1's almost 2^63 are no limit. */
function limitOf(content: string): number | undefined {
  const value = Number(content);
  return content === '' || Number.isNaN(value) || value < 0 || value > 2 ** 62 ? undefined : value;
}

/** USER_HZ is 100 everywhere. */
const nanosPerTick = 10_000_000;

async function readSeparate({ cpu, cpuacct, memory, pids }: GroupPath, time: number): Promise<GroupStats> {
  const memoryFile = (name: string): Promise<string> => text(join(memory, `memory.${name}`));
  const [usage, ticks, throttling, shares, quota, period] = await Promise.all([
    text(join(cpuacct, 'cpuacct.usage')),
    text(join(cpuacct, 'cpuacct.stat')).then(table),
    text(join(cpu, 'cpu.stat')).then(table),
    text(join(cpu, 'cpu.shares')),
    text(join(cpu, 'cpu.cfs_quota_us')),
    text(join(cpu, 'cpu.cfs_period_us')),
  ]);
  const [used, most, failures, kernel, limit, swapLimit, stat] = await Promise.all([
    memoryFile('usage_in_bytes').then(Number),
    memoryFile('max_usage_in_bytes').then(Number),
    memoryFile('failcnt').then(Number),
    memoryFile('kmem.usage_in_bytes').then(Number),
    memoryFile('limit_in_bytes').then(limitOf),
    memoryFile('memsw.limit_in_bytes').then(limitOf),
    memoryFile('stat').then(table),
  ]);
  const [threads, threadsMax] = await Promise.all([text(join(pids, 'pids.current')), text(join(pids, 'pids.max'))]);
  return {
    time,
    cpu: {
      nanos: Number(usage),
      userNanos: ticks('user') * nanosPerTick,
      systemNanos: ticks('system') * nanosPerTick,
      periods: throttling('nr_periods'),
      throttledPeriods: throttling('nr_throttled'),
      throttledNanos: throttling('throttled_time'),
      shares: Number(shares),
      quota: limitOf(quota),
      period: Number(period),
    },
    memory: {
      usage: used,
      workingSet: Math.max(0, used - stat('total_inactive_file')),
      rss: stat('total_rss'),
      cache: stat('total_cache'),
      mappedFile: stat('total_mapped_file'),
      swap: stat('total_swap'),
      kernel,
      maxUsage: most,
      failures,
      activeFile: stat('total_active_file'),
      inactiveFile: stat('total_inactive_file'),
      pageFaults: stat('total_pgfault'),
      majorPageFaults: stat('total_pgmajfault'),
      limit,
      swapLimit,
    },
    threads: Number(threads),
    threadsMax: limitOf(threadsMax),
  };
}

async function readUnified({ cpu: dir }: GroupPath, time: number): Promise<GroupStats> {
  const file = (name: string): Promise<string> => text(join(dir, name));
  const [cpu, weight, max, stat, events] = await Promise.all([
    file('cpu.stat').then(table),
    file('cpu.weight').then(Number),
    file('cpu.max'),
    file('memory.stat').then(table),
    file('memory.events').then(table),
  ]);
  const [used, most, swap, limit, swapLimit, threads, threadsMax] = await Promise.all([
    file('memory.current').then(Number),
    file('memory.peak').then(Number),
    file('memory.swap.current').then(Number),
    file('memory.max').then(limitOf),
    file('memory.swap.max').then(limitOf),
    file('pids.current').then(Number),
    file('pids.max').then(limitOf),
  ]);
  const [quota = '', period = '100000'] = max.split(' ');
  return {
    time,
    cpu: {
      nanos: cpu('usage_usec') * 1000,
      userNanos: cpu('user_usec') * 1000,
      systemNanos: cpu('system_usec') * 1000,
      periods: cpu('nr_periods'),
      throttledPeriods: cpu('nr_throttled'),
      throttledNanos: cpu('throttled_usec') * 1000,
      // The inverse of what runc makes of shares.
      shares: weight === 0 ? 0 : 2 + Math.floor(((weight - 1) * 262_142) / 9999),
      quota: limitOf(quota),
      period: Number(period),
    },
    memory: {
      usage: used,
      workingSet: Math.max(0, used - stat('inactive_file')),
      rss: stat('anon'),
      cache: stat('file'),
      mappedFile: stat('file_mapped'),
      swap,
      kernel: stat('kernel'),
      maxUsage: most,
      failures: events('max'),
      activeFile: stat('active_file'),
      inactiveFile: stat('inactive_file'),
      pageFaults: stat('pgfault'),
      majorPageFaults: stat('pgmajfault'),
      limit,
      swapLimit,
    },
    threads,
    threadsMax,
  };
}

/** Resource use of a container out of its cgroup files, version 1 or 2: far cheaper than Docker's own statistics. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CgroupStats {
  readonly cpuNanos: number;
  readonly memoryUsage: number;
  readonly workingSet: number;
  readonly rss: number;
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

/** A file of `name value` lines. */
function table(content: string): ReadonlyMap<string, number> {
  return new Map(content.split('\n').map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]));
}

/** Of a process: /proc/PID/cgroup names its groups. Undefined when it is gone. */
export async function readCgroupStats(pid: number): Promise<CgroupStats | undefined> {
  const lines = (await text(`/proc/${pid}/cgroup`)).split('\n').map((line) => line.split(':'));
  const group = (controller: string): string | undefined => lines.find(([, names]) => names?.split(',').includes(controller))?.[2];
  const unified = lines.find(([id, names]) => id === '0' && names === '')?.[2];
  const memory = group('memory');
  if (memory !== undefined) return readV1(group('cpuacct') ?? memory, memory);
  return unified === undefined ? undefined : readV2(unified);
}

async function readV1(cpuGroup: string, memoryGroup: string): Promise<CgroupStats> {
  const memory = join('/sys/fs/cgroup/memory', memoryGroup);
  const [cpu, usage, stat] = await Promise.all([
    text(join('/sys/fs/cgroup/cpuacct', cpuGroup, 'cpuacct.usage')),
    text(join(memory, 'memory.usage_in_bytes')),
    text(join(memory, 'memory.stat')),
  ]);
  const stats = table(stat);
  const memoryUsage = Number(usage);
  return {
    cpuNanos: Number(cpu),
    memoryUsage,
    workingSet: Math.max(0, memoryUsage - (stats.get('total_inactive_file') ?? 0)),
    rss: stats.get('total_rss') ?? 0,
  };
}

async function readV2(group: string): Promise<CgroupStats> {
  const dir = join('/sys/fs/cgroup', group);
  const [cpu, usage, stat] = await Promise.all([
    text(join(dir, 'cpu.stat')),
    text(join(dir, 'memory.current')),
    text(join(dir, 'memory.stat')),
  ]);
  const stats = table(stat);
  const memoryUsage = Number(usage);
  return {
    cpuNanos: (table(cpu).get('usage_usec') ?? 0) * 1000,
    memoryUsage,
    workingSet: Math.max(0, memoryUsage - (stats.get('inactive_file') ?? 0)),
    rss: stats.get('anon') ?? 0,
  };
}

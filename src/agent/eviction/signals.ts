/** What the machine has left, from the files of /proc and the file systems themselves. */
import { readFile, statfs } from 'node:fs/promises';
import type { Observation, Observations, Signal } from './thresholds.ts';

export interface SignalPlaces {
  /** Where pods' files are. */
  readonly nodeDir: string;
  /** Where the runtime keeps images; undefined when it is not on this machine. */
  readonly imageDir: string | undefined;
}

/** Memory in bytes as the kubelet counts it: what is free, and files that nobody has used lately. Undefined for an unknown text. */
export function memoryOf(meminfo: string): Observation | undefined {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? NaN) * 1024;
  const [capacity, available] = [kib('MemTotal'), kib('MemFree') + kib('Inactive\\(file\\)')];
  return Number.isNaN(capacity + available) ? undefined : { capacity, available };
}

/** Tasks that can still be started, from /proc/loadavg and the kernel's limits. */
export function pidsOf(loadavg: string, limits: readonly string[]): Observation | undefined {
  const running = Number(/ \d+\/(\d+) /.exec(loadavg)?.[1] ?? NaN);
  const capacity = Math.min(...limits.map(Number));
  return Number.isNaN(running + capacity) || capacity === Infinity ? undefined : { capacity, available: capacity - running };
}

async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** What cannot be read is left out: no decision hangs on it then. */
export async function observe({ nodeDir, imageDir }: SignalPlaces): Promise<Observations> {
  const [meminfo, loadavg, pidMax, threadsMax] = await Promise.all(
    ['/proc/meminfo', '/proc/loadavg', '/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].map(text),
  );
  const found: (readonly [Signal, Observation | undefined])[] = [
    ['memory.available', memoryOf(meminfo ?? '')],
    ['pid.available', pidsOf(loadavg ?? '', [pidMax ?? '', threadsMax ?? ''])],
    ...(await fileSystem('nodefs', nodeDir)),
    ...(imageDir === undefined ? [] : await fileSystem('imagefs', imageDir)),
  ];
  return new Map(found.filter((entry): entry is readonly [Signal, Observation] => entry[1] !== undefined));
}

async function fileSystem(name: 'nodefs' | 'imagefs', dir: string): Promise<(readonly [Signal, Observation | undefined])[]> {
  const stats = await statfs(dir).catch(() => undefined);
  if (stats === undefined) return [];
  // File systems without a fixed number of inodes say 0.
  const inodes = stats.files === 0 ? undefined : { available: stats.ffree, capacity: stats.files };
  return [
    [`${name}.available`, { available: stats.bavail * stats.bsize, capacity: stats.blocks * stats.bsize }],
    [`${name}.inodesFree`, inodes],
  ];
}

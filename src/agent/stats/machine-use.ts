/** What the machine as a whole uses, out of /proc (cAdvisor's root container). */
import { readFile, statfs } from 'node:fs/promises';

export interface NetworkInterface {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

export interface Disk {
  readonly capacity: number;
  readonly available: number;
  readonly used: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface NodeUse {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly startTime: number;
  readonly cpuNanos: number;
  readonly userNanos: number;
  readonly systemNanos: number;
  readonly memoryTotal: number;
  readonly memoryUsage: number;
  readonly workingSet: number;
  readonly rss: number;
  readonly availableBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly swapTotal: number;
  readonly swapUsage: number;
  readonly processes: number;
  readonly maxProcesses: number;
  readonly interfaces: readonly NetworkInterface[];
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

const nanosPerTick = 10_000_000;

export async function readNodeUse(now: number): Promise<NodeUse> {
  const [stat, memory, uptime, vmstat, load, pidMax, interfaces] = await Promise.all([
    text('/proc/stat'),
    text('/proc/meminfo'),
    text('/proc/uptime'),
    text('/proc/vmstat'),
    text('/proc/loadavg'),
    text('/proc/sys/kernel/pid_max'),
    readInterfaces(process.pid),
  ]);
  // user, nice, system, idle, iowait, irq, softirq and steal, in hundredths of a second.
  const ticks = (stat.split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
  const nanos = (...fields: number[]): number => fields.reduce((sum, at) => sum + (ticks[at] ?? 0), 0) * nanosPerTick;
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory)?.[1] ?? 0) * 1024;
  const count = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(vmstat)?.[1] ?? 0);
  const used = kib('MemTotal') - kib('MemFree');
  return {
    time: now,
    startTime: now - Number(uptime.split(' ')[0] ?? 0) * 1000,
    cpuNanos: nanos(0, 1, 2, 5, 6, 7),
    userNanos: nanos(0, 1),
    systemNanos: nanos(2, 5, 6),
    memoryTotal: kib('MemTotal'),
    memoryUsage: used,
    workingSet: Math.max(0, used - kib('Inactive\\(file\\)')),
    rss: kib('AnonPages'),
    availableBytes: kib('MemAvailable'),
    pageFaults: count('pgfault'),
    majorPageFaults: count('pgmajfault'),
    swapTotal: kib('SwapTotal'),
    swapUsage: kib('SwapTotal') - kib('SwapFree'),
    processes: Number(/\d+\/(\d+)/.exec(load)?.[1] ?? 0),
    maxProcesses: Number(pidMax),
    interfaces,
  };
}

/** Of the network namespace of a process, without loopback and what only leads to pods. */
export async function readInterfaces(pid: number): Promise<readonly NetworkInterface[]> {
  return parseInterfaces(await text(`/proc/${String(pid)}/net/dev`));
}

/** Names that cAdvisor leaves out as well, and this agent's own pairs. */
const ignored = /^(lo|veth.*|docker.*|nerdctl.*|co[0-9a-f]{6}v.*)$/;

export function parseInterfaces(content: string): NetworkInterface[] {
  return content.split('\n').flatMap((line) => {
    const [, name = '', rest] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (rest === undefined || ignored.test(name)) return [];
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, , , , , txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = rest
      .trim()
      .split(/\s+/)
      .map(Number);
    return [{ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }];
  });
}

export async function readDisk(path: string): Promise<Disk> {
  const disk = await statfs(path).catch(() => undefined);
  if (disk === undefined) return { capacity: 0, available: 0, used: 0, inodes: 0, inodesFree: 0 };
  const { blocks, bavail, bfree, bsize, files, ffree } = disk;
  return { capacity: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize, inodes: files, inodesFree: ffree };
}

/** The control group around all containers of a pod: what the pod as a whole may take. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceLimits } from '../runtimes/runtime.ts';

const root = '/sys/fs/cgroup';
const period = 100_000;

/** File names below the group and what goes into them; version 1 has a tree a controller. */
export function groupFiles(parent: string, { cpuShares = 2, cpuQuota = -1, memoryBytes = -1 }: ResourceLimits): [string, string][][] {
  const v1: [string, string][] = [
    [join('cpu', parent, 'cpu.shares'), String(cpuShares)],
    [join('cpu', parent, 'cpu.cfs_period_us'), String(period)],
    [join('cpu', parent, 'cpu.cfs_quota_us'), String(cpuQuota)],
    [join('memory', parent, 'memory.limit_in_bytes'), String(memoryBytes)],
  ];
  // cpu.weight by the formula of runc, which maps 2..262144 to 1..10000.
  const weight = 1 + Math.floor(((cpuShares - 2) * 9999) / 262_142);
  const v2: [string, string][] = [
    [join(parent, 'cpu.weight'), String(weight)],
    [join(parent, 'cpu.max'), `${cpuQuota < 0 ? 'max' : cpuQuota} ${period}`],
    [join(parent, 'memory.max'), memoryBytes < 0 ? 'max' : String(memoryBytes)],
  ];
  return [v1, v2];
}

/** Does nothing where the group is elsewhere (Docker with systemd lays it out in its own way). */
export async function writePodLimits(parent: string, limits: ResourceLimits): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    try {
      await writeFile(join(root, path), text, { flag: 'r+' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  };
  await Promise.all(
    groupFiles(parent, limits)
      .flat()
      .map(([path, text]) => write(path, text)),
  );
}

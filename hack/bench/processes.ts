/** What a process uses, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory in MB. */
export function residentMB(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

/** Processor seconds used so far, by all threads. */
export function cpuSeconds(pid: number): number {
  const [user, system] = times(pid);
  return user + system;
}

/** The same with its children, those that have ended too. */
export function familyCpuSeconds(pid: number): number {
  for (;;) {
    // Who ends between two looks would count twice or not at all: then it is looked again.
    const [, , endedBefore] = times(pid);
    const children = childrenOf(pid).map((child) => cpuUnlessGone(child));
    const [user, system, ended] = times(pid);
    if (ended === endedBefore && !children.includes(undefined))
      return children.reduce<number>((sum, cpu) => sum + (cpu ?? 0), user + system + ended);
  }
}

function cpuUnlessGone(pid: number): number | undefined {
  try {
    return cpuSeconds(pid);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}

function childrenOf(pid: number): number[] {
  const tasks = `/proc/${String(pid)}/task`;
  return readdirSync(tasks).flatMap((task) => readFileSync(`${tasks}/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number));
}

/** Seconds of a process in user and kernel mode, and of its ended children. */
function times(pid: number): [user: number, system: number, ended: number] {
  const [, rest = ''] = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ');
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = rest.split(' ').slice(11, 15).map(Number);
  return [user / 100, system / 100, (endedUser + endedSystem) / 100];
}

/** What every program of the ecosystem tells about itself (client_golang's process collector, component-base's build info). */
import { readdirSync, readFileSync } from 'node:fs';
import type { MetricRegistry } from '../base/metrics.ts';
import { versionOf, type VersionInfo } from './version-info.ts';

export function processMetrics(registry: MetricRegistry, version: VersionInfo): void {
  const gauge = (name: string, help: string, read: () => number, type: 'gauge' | 'counter' = 'gauge'): void =>
    registry.collected(type, { name: `process_${name}`, help, stability: '' }, () => {
      const value = read();
      return Number.isNaN(value) ? [] : [{ value }];
    });
  gauge('cpu_seconds_total', 'Total user and system CPU time spent in seconds.', cpuSeconds, 'counter');
  gauge('max_fds', 'Maximum number of open file descriptors.', () => limitOf('Max open files'));
  gauge('open_fds', 'Number of open file descriptors.', openFiles);
  gauge('resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  gauge('start_time_seconds', 'Start time of the process since unix epoch in seconds.', startTime);
  gauge('virtual_memory_bytes', 'Virtual memory size in bytes.', () => kibibytesOf('VmSize') * 1024);
  gauge('virtual_memory_max_bytes', 'Maximum amount of virtual memory available in bytes.', () => limitOf('Max address space'));
  const help =
    "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.";
  const labels = buildLabels(version);
  registry.collected('gauge', { name: 'kubernetes_build_info', help, stability: 'BETA' }, () => [{ labels, value: 1 }]);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const startTime = (): number => Math.round((Date.now() / 1000 - process.uptime()) * 100) / 100;

/** NaN where there is no /proc. */
function limitOf(name: string): number {
  const line = read('/proc/self/limits').find((text) => text.startsWith(name));
  const value = line?.slice(name.length).trim().split(/ +/)[0];
  // Unlimited is the largest unsigned number of 64 bits.
  return value === 'unlimited' ? 2 ** 64 : Number(value ?? NaN);
}

function kibibytesOf(name: string): number {
  return Number(/\d+/.exec(read('/proc/self/status').find((text) => text.startsWith(`${name}:`)) ?? '')?.[0] ?? NaN);
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return NaN;
  }
}

function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function buildLabels(info: VersionInfo): Record<string, string> {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = versionOf(info);
  const git = { git_version: gitVersion, git_commit: gitCommit, git_tree_state: gitTreeState };
  return { major, minor, ...git, build_date: buildDate, go_version: goVersion, compiler, platform };
}

/** What every program of the ecosystem tells about itself (client_golang's process collector); where there is no /proc, less. */
import { readdirSync, readFileSync } from 'node:fs';
import type { MetricRegistry } from './metrics.ts';

export function processMetrics(registry: MetricRegistry): void {
  const gauge = (name: string, help: string, read: () => number, type: 'gauge' | 'counter' = 'gauge'): void =>
    registry.collected(type, { name: `process_${name}`, help, stability: '' }, () => {
      const value = read();
      return Number.isNaN(value) ? [] : [{ value }];
    });
  gauge('cpu_seconds_total', 'Total user and system CPU time spent in seconds.', cpuSeconds, 'counter');
  gauge('max_fds', 'Maximum number of open file descriptors.', () => limitOf('Max open files'));
  gauge('network_receive_bytes_total', 'Number of bytes received by the process over the network.', () => octets('InOctets'), 'counter');
  gauge('network_transmit_bytes_total', 'Number of bytes sent by the process over the network.', () => octets('OutOctets'), 'counter');
  gauge('open_fds', 'Number of open file descriptors.', openFiles);
  gauge('resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  gauge('start_time_seconds', 'Start time of the process since unix epoch in seconds.', startTime);
  gauge('virtual_memory_bytes', 'Virtual memory size in bytes.', () => kibibytesOf('VmSize') * 1024);
  gauge('virtual_memory_max_bytes', 'Maximum amount of virtual memory available in bytes.', () => limitOf('Max address space'));
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

/** Of the network namespace, as upstream's. NaN where there is no /proc. */
function octets(name: string): number {
  const [names = '', values = ''] = read('/proc/self/net/netstat').filter((line) => line.startsWith('IpExt:'));
  return Number(values.split(' ')[names.split(' ').indexOf(name)] ?? NaN);
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

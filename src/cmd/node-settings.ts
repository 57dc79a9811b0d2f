/** The settings of a node that only its agent reads. */
import type { AgentOptions } from '../agent/agent.ts';
import type { PriorityGrace } from '../agent/node/shutdown.ts';
import type { Settings } from './options.ts';
import { reservedAmounts } from './reserved-amounts.ts';
import { UsageError } from './usage-error.ts';

export interface NodeSettings extends Pick<
  AgentOptions,
  | 'evictionHard'
  | 'imageGcHighPercent'
  | 'imageGcLowPercent'
  | 'kubeReserved'
  | 'systemReserved'
  | 'shutdownGraceMs'
  | 'shutdownGraceCriticalMs'
  | 'shutdownGraceByPriority'
> {
  /** Pods are ended whenever the process stops. */
  readonly shutdownOnStop: boolean;
}

/** Upstream's, where programs that gather logs look. */
export const usualLogDirs = { pods: '/var/log/pods', containers: '/var/log/containers' } as const;

/** `100000=10,1000=120`. Throws a {@link UsageError}. */
export function priorityGraces(items: readonly string[]): PriorityGrace[] {
  return items.map((item) => {
    const [, priority, seconds] = /^(-?\d+)=(\d+)$/.exec(item) ?? [];
    if (priority === undefined || seconds === undefined) throw new UsageError('must be PRIORITY=SECONDS,... such as 0=30,2000000000=10');
    return { priority: Number(priority), ms: Number(seconds) * 1000 };
  });
}

/** Throws a {@link UsageError} for settings that contradict each other. */
export function nodeSettings(settings: Settings): NodeSettings {
  const [high, low] = [settings['image-gc-high-threshold'], settings['image-gc-low-threshold']];
  if (low > high) throw new UsageError('--image-gc-low-threshold must not be above --image-gc-high-threshold');
  const [grace, critical] = [settings['shutdown-grace-period'], settings['shutdown-grace-period-critical-pods']];
  if (critical > grace) throw new UsageError('--shutdown-grace-period-critical-pods must not be above --shutdown-grace-period');
  const byPriority = priorityGraces(settings['shutdown-grace-period-by-pod-priority']);
  if (byPriority.length > 0 && grace > 0)
    throw new UsageError('--shutdown-grace-period-by-pod-priority and --shutdown-grace-period exclude each other');
  return {
    evictionHard: settings['eviction-hard'],
    imageGcHighPercent: high,
    imageGcLowPercent: low,
    kubeReserved: reservedAmounts(settings['kube-reserved']),
    systemReserved: reservedAmounts(settings['system-reserved']),
    shutdownGraceMs: grace * 1000,
    shutdownGraceCriticalMs: critical * 1000,
    shutdownGraceByPriority: byPriority,
    shutdownOnStop: settings['shutdown-pods-on-stop'],
  };
}

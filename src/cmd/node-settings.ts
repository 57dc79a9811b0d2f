/** The settings of a node that only its agent reads. */
import { isDeepStrictEqual } from 'node:util';
import { defaultThresholds } from '../agent/eviction/thresholds.ts';
import type { PriorityGrace } from '../agent/node/shutdown.ts';
import type { KubeletSettings } from './kubelet-config.ts';
import { options, type Option, type Settings } from './options.ts';
import { reservedAmounts } from './reserved-amounts.ts';
import { UsageError } from './usage-error.ts';

export interface NodeSettings extends KubeletSettings {
  /** Pods are ended whenever the process stops. */
  readonly shutdownOnStop: boolean;
}

/** Upstream's, where programs that gather logs look. */
export const usualLogDirs = { pods: '/var/log/pods', containers: '/var/log/containers' } as const;

/** `100000=10,1000=120`. Throws a {@link UsageError}. */
function priorityGraces(items: readonly string[]): PriorityGrace[] {
  return items.map((item) => {
    const [, priority, seconds] = /^(-?\d+)=(\d+)$/.exec(item) ?? [];
    if (priority === undefined || seconds === undefined) throw new UsageError('must be PRIORITY=SECONDS,... such as 0=30,2000000000=10');
    return { priority: Number(priority), ms: Number(seconds) * 1000 };
  });
}

/** Flags go before the file, where they say something else than their default. Rejects with a {@link UsageError} for settings that contradict each other. */
export async function nodeSettings(settings: Settings): Promise<NodeSettings> {
  const name = settings['kubelet-config'];
  const file = name === undefined ? {} : (await import('./kubelet-config.ts')).readKubeletConfig(name);
  const merged = { ...defaults, ...file, ...flagsGiven(settings) };
  if (merged.imageGcLowPercent > merged.imageGcHighPercent)
    throw new UsageError('--image-gc-low-threshold must not be above --image-gc-high-threshold');
  if (merged.shutdownGraceCriticalMs > merged.shutdownGraceMs)
    throw new UsageError('--shutdown-grace-period-critical-pods must not be above --shutdown-grace-period');
  if (merged.shutdownGraceByPriority.length > 0 && merged.shutdownGraceMs > 0)
    throw new UsageError('--shutdown-grace-period-by-pod-priority and --shutdown-grace-period exclude each other');
  return { ...merged, shutdownOnStop: settings['shutdown-pods-on-stop'] };
}

function usual(flag: string): unknown {
  const option = (options as readonly Option[]).find((one) => one.flag === flag);
  return option !== undefined && 'default' in option ? option.default : undefined;
}

const defaults = {
  evictionHard: defaultThresholds,
  imageGcHighPercent: 85,
  imageGcLowPercent: 80,
  kubeReserved: {},
  systemReserved: {},
  shutdownGraceMs: 0,
  shutdownGraceCriticalMs: 0,
  shutdownGraceByPriority: [],
} satisfies Partial<NodeSettings>;

function flagsGiven(settings: Settings): Partial<NodeSettings> {
  const given = <T>(flag: keyof Settings, value: T): T | undefined => (isDeepStrictEqual(settings[flag], usual(flag)) ? undefined : value);
  const all = {
    evictionHard: given('eviction-hard', settings['eviction-hard']),
    imageGcHighPercent: given('image-gc-high-threshold', settings['image-gc-high-threshold']),
    imageGcLowPercent: given('image-gc-low-threshold', settings['image-gc-low-threshold']),
    kubeReserved: given('kube-reserved', reservedAmounts(settings['kube-reserved'])),
    systemReserved: given('system-reserved', reservedAmounts(settings['system-reserved'])),
    shutdownGraceMs: given('shutdown-grace-period', settings['shutdown-grace-period'] * 1000),
    shutdownGraceCriticalMs: given('shutdown-grace-period-critical-pods', settings['shutdown-grace-period-critical-pods'] * 1000),
    shutdownGraceByPriority: given(
      'shutdown-grace-period-by-pod-priority',
      priorityGraces(settings['shutdown-grace-period-by-pod-priority']),
    ),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/**
 * Keeps the node alive when it runs out of something: every ten seconds it looks at what is left, reports pressures as
 * conditions, and ends one pod at a time while a threshold is met. Pods that use more disk than they may go at once.
 * pkg/kubelet/eviction/eviction_manager.go.
 */
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { type Running, running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { PodWorker } from '../pods/worker.ts';
import { type DiskUse, exceeded, hasLimits } from './local-limits.ts';
import { isCritical, rank } from './ranking.ts';
import {
  type Observations,
  type Pressure,
  Pressures,
  type Starved,
  type Threshold,
  ThresholdWatch,
  limitOf,
  thresholdsMet,
} from './thresholds.ts';

export interface EvictionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly thresholds: readonly Threshold[];
  /** Pods that go for a soft threshold have at most so long to end; 0, the usual: no longer than for a hard one. */
  readonly maxPodGraceMs?: number | undefined;
  /** How long a pressure is told after it was last there; usually five minutes. */
  readonly transitionMs?: number | undefined;
  observe(): Promise<Observations>;
  /** The pods of this node that run or are about to. */
  workers(): Iterable<PodWorker>;
  /** What a pod uses of what is short; undefined when nobody knows. */
  used(worker: PodWorker, starved: Starved): Promise<number | undefined>;
  diskUse(worker: PodWorker): Promise<DiskUse>;
  /** Frees what nobody needs, before a pod has to go. */
  reclaim(starved: Starved): Promise<void>;
  /** The set of pressures has changed. */
  changed(): void;
  /** An event about the node. */
  event(reason: string, message: string): void;
}

export interface Eviction extends Running {
  /** What the node suffers from, in the order of names. */
  pressures(): readonly Pressure[];
}

const everyMs = 10_000;

export function startEviction(options: EvictionOptions): Eviction {
  const { clock, logger } = options;
  const pressures = new Pressures(options.transitionMs);
  const thresholds = new ThresholdWatch(options.thresholds);
  let stopped = false;
  let cancel: () => void = () => undefined;
  const look = async (): Promise<void> => {
    try {
      if (!(await enforceLimits(options))) await relieve(options, pressures, thresholds);
    } catch (error) {
      logger.warn({ err: error }, 'what the node has left could not be found out');
    }
    if (!stopped) cancel = clock.after(everyMs, () => void look());
  };
  cancel = clock.after(0, () => void look());
  return {
    pressures: () => pressures.current(clock.monotonic()),
    ...running(() => {
      stopped = true;
      cancel();
    }),
  };
}

function active(options: EvictionOptions): PodWorker[] {
  return [...options.workers()].filter((worker) => worker.active && !worker.stopping);
}

/** Ends pods that are over their own limits; tells whether there were any. */
async function enforceLimits(options: EvictionOptions): Promise<boolean> {
  let any = false;
  for (const worker of active(options)) {
    if (!hasLimits(worker.pod) || isCritical(worker.pod)) continue;
    const message = exceeded(worker.pod, await options.diskUse(worker));
    if (message === undefined) continue;
    worker.evict(message, false);
    any = true;
  }
  return any;
}

async function relieve(options: EvictionOptions, pressures: Pressures, thresholds: ThresholdWatch): Promise<void> {
  const { clock, logger } = options;
  const now = clock.monotonic();
  const { met, due } = thresholds.observe(await options.observe(), now);
  if (pressures.observe(met, now)) options.changed();
  const [worst] = due;
  if (worst === undefined) return;
  options.event('EvictionThresholdMet', `Attempting to reclaim ${worst.starved}`);
  await options.reclaim(worst.starved);
  const after = await options.observe();
  if (!thresholdsMet([worst], after, true).includes(worst)) return;
  const candidates = active(options);
  const uses = await Promise.all(
    candidates.map(async (worker) => ({ worker, pod: worker.pod, used: await options.used(worker, worst.starved) })),
  );
  const order = rank(uses, worst.starved) as typeof uses;
  const first = order.find(({ pod }) => !isCritical(pod));
  if (first === undefined) return;
  logger.warn({ pod: nameOf(first.pod), starved: worst.starved }, 'a pod is evicted: the node is short of something');
  first.worker.evict(messageFor(worst, after), true, graceOf(worst, first.pod, options.maxPodGraceMs));
}

function graceOf({ graceMs }: Threshold, { spec }: Pod, maxPodGraceMs = 0): number {
  return graceMs === 0 ? 0 : Math.min(maxPodGraceMs, (spec.terminationGracePeriodSeconds ?? Infinity) * 1000);
}

function nameOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function messageFor(threshold: Threshold, observations: Observations): string {
  const seen = observations.get(threshold.signal);
  const words = `The node was low on resource: ${threshold.starved}. `;
  if (seen === undefined) return words;
  const unit = threshold.starved === 'memory' || threshold.starved === 'ephemeral-storage' ? inKi : String;
  const limit = threshold.amount === undefined ? unit(Math.floor(limitOf(threshold, seen.capacity))) : threshold.text;
  return `${words}Threshold quantity: ${limit}, available: ${unit(seen.available)}. `;
}

function inKi(bytes: number): string {
  return `${String(Math.floor(bytes / 1024))}Ki`;
}

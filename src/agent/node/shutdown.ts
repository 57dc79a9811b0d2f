/**
 * The end of a node whose machine goes down: pods end in order of priority, critical ones last, each within what is left for it
 * (pkg/kubelet/nodeshutdown). logind tells of it and waits (`logind.ts`). Where there is no logind, or it gives no lock, the
 * service manager does both: it stops services in order (this one before the engine, `After=docker.service`), waits for each
 * (`TimeoutStopSec=`, at least the grace period), and says by `systemctl is-system-running` that it is the machine that stops.
 */
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { CommandRunner } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { Logind } from './logind.ts';

export interface ShutdownPolicy {
  /** For all pods together, in ms; 0: pods are left alone. */
  readonly shutdownGraceMs?: number | undefined;
  /** The part of it that is kept for critical pods. */
  readonly shutdownGraceCriticalMs?: number | undefined;
  /** In place of both. */
  readonly shutdownGraceByPriority?: readonly PriorityGrace[] | undefined;
}

/** Pods of this priority, and up to the next of the table, have so long to end, in ms. */
export interface PriorityGrace {
  readonly priority: number;
  readonly ms: number;
}

export const shutdownMessage = 'Pod was terminated in response to imminent node shutdown.';
/** Why a pod that comes now is not taken. */
export const shutdownRejection = { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' } as const;

/** scheduling.SystemCriticalPriority. */
const criticalPriority = 2_000_000_000;

/** The table by priority, lowest first, in whole seconds; empty: pods are left alone (migrateConfig). */
export function gracePeriods({
  shutdownGraceMs = 0,
  shutdownGraceCriticalMs = 0,
  shutdownGraceByPriority,
}: ShutdownPolicy): PriorityGrace[] {
  const whole = (ms: number): number => Math.trunc(ms / 1000) * 1000;
  if (shutdownGraceByPriority !== undefined && shutdownGraceByPriority.length > 0)
    return shutdownGraceByPriority.map(({ priority, ms }) => ({ priority, ms: whole(ms) })).sort((a, b) => a.priority - b.priority);
  const others = shutdownGraceMs - shutdownGraceCriticalMs;
  if (shutdownGraceMs === 0 || others < 0) return [];
  return [
    { priority: 0, ms: whole(others) },
    { priority: criticalPriority, ms: whole(shutdownGraceCriticalMs) },
  ];
}

export interface ShutdownStep {
  readonly ms: number;
  readonly pods: readonly PodWorker[];
}

/** Who ends when, and within how many ms; pure. `periods` as {@link gracePeriods} gives them (groupByPriority). */
export function shutdownSteps(workers: Iterable<PodWorker>, periods: readonly PriorityGrace[]): ShutdownStep[] {
  const steps = periods.map(({ ms }) => ({ ms, pods: [] as PodWorker[] }));
  for (const worker of workers) {
    if (!worker.active) continue;
    const priority = worker.pod.spec.priority ?? 0;
    const place = Math.max(
      0,
      periods.findLastIndex((period) => period.priority <= priority),
    );
    steps[place]?.pods.push(worker);
  }
  return steps;
}

/** A pod's own grace period, or what there is when that is less. */
function shutdownGraceMs({ spec }: Pod, leftMs: number): number {
  return Math.min((spec.terminationGracePeriodSeconds ?? 30) * 1000, leftMs);
}

export interface ShutdownOptions {
  readonly clock: Clock;
  readonly workers: () => Iterable<PodWorker>;
  readonly periods: readonly PriorityGrace[];
}

/** Resolves when the pods have ended, or their time is over. */
export async function endPods({ clock, workers, periods }: ShutdownOptions): Promise<void> {
  for (const { ms, pods } of shutdownSteps(workers(), periods)) {
    if (pods.length === 0) continue;
    const over = new AbortController();
    const ended = Promise.all(pods.map((worker) => worker.shutDown(shutdownMessage, shutdownGraceMs(worker.pod, ms))));
    await Promise.race([ended, delay(clock, ms, over.signal)]);
    over.abort();
  }
}

export interface NodeShutdown extends Running {
  /** From now on the node takes no more pods. */
  readonly inProgress: boolean;
  /** Ends the pods, if there is time for them; the same work for everybody who asks. */
  shutDown(): Promise<void>;
}

export interface NodeShutdownOptions extends ShutdownOptions {
  readonly logger: Logger;
  /** Missing: nobody tells of the machine's end but whoever calls `shutDown`. */
  readonly logind?: Logind | undefined;
  /** The node's event of reason NodeShutdown. */
  event(message: string): void;
  /** `inProgress` is another. */
  changed(): void;
}

/** Does nothing where no pod is given time to end. */
export function startNodeShutdown(options: NodeShutdownOptions): NodeShutdown {
  const { logger, logind, periods } = options;
  let inProgress = false;
  let ending: Promise<void> | undefined;
  let stopped = false;
  let lock: Running | undefined;
  let watch: Running | undefined;

  const become = (now: boolean): void => {
    if (inProgress === now) return;
    inProgress = now;
    options.changed();
  };
  const shutDown = (): Promise<void> => {
    become(true);
    return (ending ??= endPods(options));
  };
  const hold = async (): Promise<void> => {
    const taken = await logind?.inhibit();
    await lock?.stop();
    lock = taken;
    if (stopped) await lock?.stop();
  };
  const onSignal = async (goesDown: boolean): Promise<void> => {
    options.event(goesDown ? 'Shutdown manager detected shutdown event' : 'Shutdown manager detected shutdown cancellation');
    if (goesDown) {
      await shutDown();
      await lock?.stop();
      return;
    }
    ending = undefined;
    become(false);
    await hold();
  };
  const guarded = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => logger.error({ err: error }, 'logind does not wait for the pods of this node'));
  const begin = async (): Promise<void> => {
    if (logind === undefined || periods.length === 0) return;
    await logind.allowDelay(periods.reduce((sum, { ms }) => sum + ms, 0));
    await hold();
    if (!stopped) watch = logind.watch((goesDown) => void guarded(onSignal(goesDown)));
  };
  const begun = guarded(begin());
  return {
    get inProgress() {
      return inProgress;
    },
    shutDown,
    ...running(async () => {
      stopped = true;
      await begun;
      await watch?.stop();
      await lock?.stop();
    }),
  };
}

/** Whether it is the whole machine that stops. */
export async function isMachineStopping(run: CommandRunner): Promise<boolean> {
  // It answers with a status other than 0 for every state but `running`.
  const state = await run('sh', ['-c', 'systemctl is-system-running 2>/dev/null || true']).catch(() => '');
  return state.trim() === 'stopping';
}

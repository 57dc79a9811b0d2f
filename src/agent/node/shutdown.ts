/**
 * The end of a node whose machine goes down: pods end in order of priority, critical ones last, each within what is left for it
 * (pkg/kubelet/nodeshutdown). The kubelet is told by logind, over D-Bus, and holds the machine up by an inhibitor lock; here the
 * service manager does both: it stops services in order (this one before the engine, `After=docker.service`), waits for each
 * (`TimeoutStopSec=`, at least the grace period), and says by `systemctl is-system-running` that it is the machine that stops.
 */
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { CommandRunner } from '../../base/command.ts';
import type { PodWorker } from '../pods/worker.ts';

export interface ShutdownPolicy {
  /** For all pods together, in ms; 0: pods are left alone. */
  readonly graceMs: number;
  /** The part of it that is kept for critical pods. */
  readonly graceCriticalMs: number;
}

export const shutdownMessage = 'Pod was terminated in response to imminent node shutdown.';

/** scheduling.SystemCriticalPriority. */
const criticalPriority = 2_000_000_000;

export interface ShutdownStep {
  readonly ms: number;
  readonly pods: readonly PodWorker[];
}

/** Who ends when, and within how many ms; pure. */
export function shutdownSteps(workers: Iterable<PodWorker>, { graceMs, graceCriticalMs }: ShutdownPolicy): ShutdownStep[] {
  const active = [...workers].filter((worker) => worker.active);
  const isCritical = ({ pod }: PodWorker): boolean => (pod.spec.priority ?? 0) >= criticalPriority;
  return [
    { ms: Math.max(0, graceMs - graceCriticalMs), pods: active.filter((worker) => !isCritical(worker)) },
    { ms: Math.min(graceMs, graceCriticalMs), pods: active.filter(isCritical) },
  ];
}

/** A pod's own grace period, or what there is when that is less. */
export function shutdownGraceMs({ spec }: Pod, leftMs: number): number {
  return Math.min((spec.terminationGracePeriodSeconds ?? 30) * 1000, leftMs);
}

export interface ShutdownOptions {
  readonly clock: Clock;
  readonly workers: Iterable<PodWorker>;
  readonly policy: ShutdownPolicy;
}

/** Resolves when the pods have ended, or their time is over. */
export async function endPods({ clock, workers, policy }: ShutdownOptions): Promise<void> {
  for (const { ms, pods } of shutdownSteps(workers, policy)) {
    if (pods.length === 0) continue;
    const over = new AbortController();
    const ended = Promise.all(pods.map((worker) => worker.shutDown(shutdownMessage, shutdownGraceMs(worker.pod, ms))));
    await Promise.race([ended, delay(clock, ms, over.signal)]);
    over.abort();
  }
}

/** Whether it is the whole machine that stops. */
export async function isMachineStopping(run: CommandRunner): Promise<boolean> {
  // It answers with a status other than 0 for every state but `running`.
  const state = await run('sh', ['-c', 'systemctl is-system-running 2>/dev/null || true']).catch(() => '');
  return state.trim() === 'stopping';
}

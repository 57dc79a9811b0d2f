/** Ends one container: event, preStop hook, stop signal, and after the grace period a kill. */
import type { Pod } from '../../api/generated/types.ts';
import { runHook } from '../probes/hooks.ts';
import type { Container } from '../runtimes/runtime.ts';
import type { Kill, KillReason } from './decide.ts';
import type { PodDeps } from './deps.ts';
import type { ContainerSpec } from './model.ts';
import { containerEvent, httpFallback } from './pod-events.ts';

/** However long the hook took, the container gets this long to end (kuberuntime minimumGracePeriodInSeconds). */
const minimumGraceMs = 2000;

/** How long a container of the pod may take to end, in ms (setTerminationGracePeriod). */
export function graceMs(pod: Pod, spec: ContainerSpec, reason: KillReason): number {
  const { deletionGracePeriodSeconds } = pod.metadata;
  if (deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds * 1000;
  const probe = reason === 'liveness' ? spec.container.livenessProbe : reason === 'startup' ? spec.container.startupProbe : undefined;
  return (probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
}

export interface KillInput {
  readonly deps: PodDeps;
  readonly pod: Pod;
  readonly kill: Pick<Kill, 'spec' | 'message'> & { readonly container: Container };
  readonly graceMs: number;
  readonly podIP: string;
}

/** Resolves when the container has ended. */
export async function killContainer({ deps, pod, kill, graceMs: grace, podIP }: KillInput): Promise<void> {
  const { spec, container } = kill;
  const subject = { pod, spec };
  containerEvent(deps.recorder, subject, [
    'Normal',
    'Killing',
    kill.message === '' ? `Stopping container ${spec.container.name}` : kill.message,
  ]);
  const began = deps.clock.monotonic();
  const preStop = spec.container.lifecycle?.preStop;
  if (preStop !== undefined && grace > 0) {
    const target = { runtime: deps.runtime, containerId: container.id, container: spec.container, podIP };
    const failure = await runHook({
      handler: preStop,
      target,
      timeoutMs: grace,
      clock: deps.clock,
      fellBack: httpFallback(deps.recorder, subject),
    });
    if (failure !== '') containerEvent(deps.recorder, subject, ['Warning', 'FailedPreStopHook', 'PreStopHook failed']);
  }
  const left = grace - (deps.clock.monotonic() - began);
  await deps.runtime.stopContainer(container.id, grace === 0 ? 0 : Math.max(minimumGraceMs, left));
}

/** Ends one container: event, preStop hook, stop signal, and after the grace period a kill. */
import type { Pod } from '../../api/generated/types.ts';
import { runHook } from '../probes/hooks.ts';
import type { Container } from '../runtimes/runtime.ts';
import type { Kill, KillReason } from './decide.ts';
import type { PodDeps } from './deps.ts';
import type { Grace } from './grace.ts';
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
  readonly grace: Grace;
  /** Resolves when those have ended that must end before; missing: it waits for nobody. */
  readonly turn?: Promise<void> | undefined;
  readonly podIP: string;
}

/** Resolves when the container has ended. Hooks do not wait for the container's turn (kuberuntime, killContainer). */
export async function killContainer({ deps, pod, kill, grace, turn, podIP }: KillInput): Promise<void> {
  const { spec, container } = kill;
  containerEvent(deps.recorder, { pod, spec }, [
    'Normal',
    'Killing',
    kill.message === '' ? `Stopping container ${spec.container.name}` : kill.message,
  ]);
  if (!grace.none) {
    await preStop({ deps, pod, kill, grace, podIP });
    if (turn !== undefined) await grace.within(turn);
  }
  await grace.hastening(() => deps.runtime.stopContainer(container.id, grace.none ? 0 : Math.max(minimumGraceMs, grace.leftMs)));
}

async function preStop({ deps, pod, kill: { spec, container }, grace, podIP }: KillInput): Promise<void> {
  const handler = spec.container.lifecycle?.preStop;
  if (handler === undefined) return;
  const subject = { pod, spec };
  const hook = runHook({
    handler,
    target: { runtime: deps.runtime, containerId: container.id, container: spec.container, podIP },
    timeoutMs: grace.leftMs,
    clock: deps.clock,
    fellBack: httpFallback(deps.recorder, subject),
  });
  const told = hook.then((failure) => {
    if (failure !== '') containerEvent(deps.recorder, subject, ['Warning', 'FailedPreStopHook', 'PreStopHook failed']);
  });
  await grace.within(told);
}

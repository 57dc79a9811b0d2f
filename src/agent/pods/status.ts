/** A pod's status out of what the worker knows; pure. The rules are pkg/kubelet/kubelet_pods.go and status/generate.go. */
import type { ContainerState, ContainerStatus, Pod, PodStatus } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Container } from '../runtimes/runtime.ts';
import { podConditions } from './conditions.ts';
import type { ContainerView, Waiting } from './model.ts';

/** Why the agent itself ended a pod: eviction, deadline. */
export interface End {
  readonly reason: string;
  readonly message: string;
  /** The pod made room for others. */
  readonly disrupted?: boolean;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly views: readonly ContainerView[];
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  readonly sandboxReady: boolean;
  /** `docker`. */
  readonly scheme: string;
  readonly now: number;
  readonly ended: End | undefined;
  /** Nothing of the pod runs any more and nothing will. */
  readonly terminal: boolean;
  /** The text of a container's termination message. */
  message(container: Container): string;
}

export function podStatus(input: StatusInput): PodStatus {
  const { pod, views, ended, hostIPs, podIPs } = input;
  const byRole = (...roles: string[]): ContainerStatus[] =>
    views.filter((view) => roles.includes(view.spec.role)).map((view) => containerStatus(input, view));
  const initContainerStatuses = byRole('init', 'sidecar');
  const containerStatuses = byRole('main');
  const ephemeralContainerStatuses = byRole('ephemeral');
  const phase = podPhase(input, { initContainerStatuses, containerStatuses });
  const old = pod.status;
  const { generation } = pod.metadata;
  return {
    ...old,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions: podConditions({ pod, views, phase, sandboxReady: input.sandboxReady, now: input.now, ended }),
    hostIP: hostIPs[0] ?? '',
    hostIPs: hostIPs.map((ip) => ({ ip })),
    ...(podIPs.length === 0 ? {} : { podIP: podIPs[0] ?? '', podIPs: podIPs.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? rfc3339(input.now),
    ...(ended === undefined ? {} : { reason: ended.reason, message: ended.message }),
    ...(initContainerStatuses.length === 0 ? {} : { initContainerStatuses }),
    containerStatuses,
    ...(ephemeralContainerStatuses.length === 0 ? {} : { ephemeralContainerStatuses }),
    qosClass: old.qosClass ?? 'BestEffort',
  };
}

interface Statuses {
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly containerStatuses: readonly ContainerStatus[];
}

/** No pod is over while something of it still runs (status manager, mergePodStatus). */
function podPhase(input: StatusInput, statuses: Statuses): string {
  const phase = computedPhase(input, statuses);
  const over = phase === 'Succeeded' || phase === 'Failed';
  if (!over || !input.views.some((view) => view.current?.state === 'running')) return phase;
  return input.pod.status.phase ?? 'Running';
}

/** getPhase of pkg/kubelet/kubelet_pods.go. */
function computedPhase(input: StatusInput, { initContainerStatuses, containerStatuses }: Statuses): string {
  const { pod, views, terminal } = input;
  const old = pod.status.phase;
  if (old === 'Succeeded' || old === 'Failed') return old;
  if (input.ended !== undefined) return terminal ? 'Failed' : (old ?? 'Pending');
  const policy = pod.spec.restartPolicy ?? 'Always';
  const begun = views.some((view) => view.spec.role === 'main' && view.current !== undefined);
  const init = views.flatMap((view, at) =>
    view.spec.role === 'init' || view.spec.role === 'sidecar' ? [{ view, status: initContainerStatuses[at] }] : [],
  );
  const never = (view: ContainerView): boolean => (view.spec.container.restartPolicy ?? policy) === 'Never';
  const initFailed =
    !begun && init.some(({ view, status }) => view.spec.role === 'init' && (status?.state?.terminated?.exitCode ?? 0) !== 0 && never(view));
  const initPending =
    !begun && init.some(({ view, status }) => (view.spec.role === 'init' ? status?.state?.terminated?.exitCode !== 0 : !view.started));
  let [running, waiting, stopped, succeeded] = [0, 0, 0, 0];
  for (const { state, lastState } of containerStatuses) {
    const end = state?.terminated ?? (state?.running === undefined ? lastState?.terminated : undefined);
    if (state?.running !== undefined) running += 1;
    else if (end !== undefined) {
      stopped += 1;
      if (end.exitCode === 0) succeeded += 1;
    } else waiting += 1;
  }
  if (initFailed) return 'Failed';
  if (terminal && running === 0) return stopped > 0 && waiting === 0 && !initPending && stopped === succeeded ? 'Succeeded' : 'Failed';
  if (initPending || waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (views.some((view) => view.spec.role === 'main' && view.waiting?.reason === 'CrashLoopBackOff')) return 'Running';
  if (policy === 'Always') return 'Running';
  if (stopped === succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function containerStatus(input: StatusInput, view: ContainerView): ContainerStatus {
  const { spec, current, previous } = view;
  const { container } = spec;
  const states = containerStates(input, view);
  const shown = current ?? previous;
  const { resources } = container;
  const running = states.state.running !== undefined;
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => ({
    name,
    mountPath,
    ...(readOnly === true ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
  }));
  return {
    name: container.name,
    state: states.state,
    lastState: states.lastState,
    ready: spec.role === 'init' ? states.state.terminated?.exitCode === 0 : running && view.ready,
    restartCount: shown?.restartCount ?? 0,
    image: shown?.image ?? container.image ?? '',
    imageID: shown?.imageID ?? '',
    ...(shown === undefined ? {} : { containerID: `${input.scheme}://${shown.id}` }),
    started: running && view.started,
    ...(resources?.requests === undefined ? {} : { allocatedResources: resources.requests }),
    resources: resources ?? {},
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

function containerStates(input: StatusInput, view: ContainerView): { state: ContainerState; lastState: ContainerState } {
  const { current, previous, waiting } = view;
  const past = (container: Container | undefined): ContainerState =>
    container === undefined ? {} : { terminated: terminated(input, container) };
  if (current === undefined || current.state === 'created') return { state: waitingState(input, view), lastState: past(previous) };
  if (current.state === 'running') return { state: { running: { startedAt: rfc3339(current.startedAt) } }, lastState: past(previous) };
  // What has ended and is to run again is waiting; how it ended is its last state.
  if (waiting !== undefined && !input.terminal) return { state: { waiting: pruned(waiting) }, lastState: past(current) };
  return { state: past(current), lastState: past(previous) };
}

function waitingState(input: StatusInput, view: ContainerView): ContainerState {
  if (view.waiting !== undefined && !input.terminal) return { waiting: pruned(view.waiting) };
  const initializing = (input.pod.spec.initContainers?.length ?? 0) > 0;
  return { waiting: { reason: initializing ? 'PodInitializing' : 'ContainerCreating' } };
}

function pruned(waiting: Waiting): { reason: string; message?: string } {
  return waiting.message === '' ? { reason: waiting.reason } : waiting;
}

function terminated(input: StatusInput, container: Container): NonNullable<ContainerState['terminated']> {
  const message = container.startError === '' ? input.message(container) : container.startError;
  return {
    exitCode: container.exitCode,
    reason: terminationReason(container),
    ...(message === '' ? {} : { message }),
    startedAt: rfc3339(container.startedAt),
    finishedAt: rfc3339(container.finishedAt),
    containerID: `${input.scheme}://${container.id}`,
  };
}

function terminationReason(container: Container): string {
  if (container.startError !== '') return 'StartError';
  if (container.oomKilled && container.exitCode !== 0) return 'OOMKilled';
  return container.exitCode === 0 ? 'Completed' : 'Error';
}

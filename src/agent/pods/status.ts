/** A pod's status out of what the worker knows; pure. The rules are pkg/kubelet/kubelet_pods.go and status/generate.go. */
import type {
  ContainerState,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
  ResourceRequirements,
  VolumeMount,
  VolumeMountStatus,
} from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Container, ContainerUser } from '../runtimes/runtime.ts';
import { isRecursivelyReadOnly } from '../volumes/recursive-read-only.ts';
import { podConditions } from './conditions.ts';
import { differences, podAmounts } from './allocation.ts';
import type { ContainerView, Waiting } from './model.ts';
import { containerSpecs, restartingAll, restarts } from './model.ts';

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
  /** How far a resize has come. */
  readonly resize?: readonly PodCondition[];
  /** All containers are being taken away to begin anew. */
  readonly restartingAll?: boolean;
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
    conditions: podConditions({ ...input, phase, resize: phase === 'Succeeded' || phase === 'Failed' ? [] : (input.resize ?? []) }),
    hostIP: hostIPs[0] ?? '',
    hostIPs: hostIPs.map((ip) => ({ ip })),
    ...(podIPs.length === 0 ? {} : { podIP: podIPs[0] ?? '', podIPs: podIPs.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? rfc3339(input.now),
    ...(ended === undefined ? {} : { reason: ended.reason, message: ended.message }),
    ...(initContainerStatuses.length === 0 ? {} : { initContainerStatuses }),
    containerStatuses,
    ...(ephemeralContainerStatuses.length === 0 ? {} : { ephemeralContainerStatuses }),
    qosClass: old.qosClass ?? 'BestEffort',
    resources: { ...pod.spec.resources, ...podTotals(pod) },
    allocatedResources: podAmounts(pod, 'requests'),
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
  const begun = views.some((view) => view.spec.role === 'main' && view.current !== undefined);
  const init = views.flatMap((view, at) =>
    view.spec.role === 'init' || view.spec.role === 'sidecar' ? [{ view, status: initContainerStatuses[at] }] : [],
  );
  const initFailed =
    !begun &&
    init.some(({ view, status }) => {
      const end = status?.state?.terminated ?? status?.lastState?.terminated;
      return view.spec.role === 'init' && end !== undefined && end.exitCode !== 0 && !again(pod, view, end);
    });
  const initPending =
    !begun && init.some(({ view, status }) => (view.spec.role === 'init' ? status?.state?.terminated?.exitCode !== 0 : !view.started));
  // All of them are about to begin anew, whatever became of them.
  const renewed = input.restartingAll === true;
  if (initFailed && !renewed) return 'Failed';
  const main = views.filter((view) => view.spec.role === 'main');
  const { running, waiting, stopped, succeeded, over } = countMain(pod, main, containerStatuses);
  if (terminal && running === 0) return stopped > 0 && waiting === 0 && !initPending && stopped === succeeded ? 'Succeeded' : 'Failed';
  if (initPending || waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  // At least one of them is about to start again.
  if (stopped !== over || renewed) return 'Running';
  return stopped === succeeded ? 'Succeeded' : 'Failed';
}

type Terminated = NonNullable<ContainerState['terminated']>;

function again(pod: Pod, { spec, restartDue }: ContainerView, { exitCode, reason }: Terminated): boolean {
  return restartDue || reason === restartingAll || restarts(pod, spec, exitCode);
}

function countMain(pod: Pod, main: readonly ContainerView[], statuses: readonly ContainerStatus[]) {
  const counts = { running: 0, waiting: 0, stopped: 0, succeeded: 0, over: 0 };
  for (const [at, { state, lastState }] of statuses.entries()) {
    const view = main[at];
    const end = state?.terminated ?? (state?.running === undefined ? lastState?.terminated : undefined);
    if (state?.running !== undefined) counts.running += 1;
    else if (end === undefined) counts.waiting += 1;
    else {
      counts.stopped += 1;
      if (end.exitCode === 0) counts.succeeded += 1;
      if (view !== undefined && !again(pod, view, end)) counts.over += 1;
    }
  }
  return counts;
}

function podTotals(pod: Pod): ResourceRequirements {
  const [requests, limits] = [podAmounts(pod, 'requests'), podAmounts(pod, 'limits')];
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

function containerStatus(input: StatusInput, view: ContainerView): ContainerStatus {
  const { spec, current, previous } = view;
  const { container } = spec;
  const states = containerStates(input, view);
  const shown = current ?? previous;
  const { resources } = container;
  const running = states.state.running !== undefined;
  const mounts = (container.volumeMounts ?? []).map(mountStatus);
  return {
    name: container.name,
    state: states.state,
    lastState: states.lastState,
    ready: spec.role === 'init' ? states.state.terminated?.exitCode === 0 : running && view.ready,
    restartCount: view.restartCount,
    image: shown?.image ?? container.image ?? '',
    imageID: shown?.imageID ?? '',
    ...(shown === undefined ? {} : { containerID: `${input.scheme}://${shown.id}` }),
    started: running && view.started,
    ...(resources?.requests === undefined ? {} : { allocatedResources: resources.requests }),
    resources: running ? actualResources(resources, view.actuated) : (resources ?? {}),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
    ...(shown?.user === undefined ? {} : { user: userStatus(shown.user) }),
  };
}

function userStatus({ uid, gid, groups }: ContainerUser): ContainerStatus['user'] {
  return { linux: { uid, gid, ...(groups.length === 0 ? {} : { supplementalGroups: [...groups] }) } };
}

function mountStatus(mount: VolumeMount): VolumeMountStatus {
  const { name, mountPath, readOnly } = mount;
  return { name, mountPath, ...(readOnly === true ? { readOnly, recursiveReadOnly: recursion(mount) } : {}) };
}

function recursion(mount: VolumeMount): string {
  try {
    return isRecursivelyReadOnly(mount) ? 'Enabled' : 'Disabled';
  } catch {
    return 'Disabled';
  }
}

/** Of cpu and memory a running container has what it was last given. */
function actualResources(allocated: ResourceRequirements = {}, actuated: ResourceRequirements = allocated): ResourceRequirements {
  if (differences(allocated, actuated).length === 0) return allocated;
  const mixed = (part: 'requests' | 'limits'): ResourceRequirements => {
    const { cpu: _cpu, memory: _memory, ...others } = allocated[part] ?? {};
    const { cpu, memory } = actuated[part] ?? {};
    const amounts = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }), ...others };
    return Object.keys(amounts).length === 0 ? {} : { [part]: amounts };
  };
  return { ...allocated, ...mixed('limits'), ...mixed('requests') };
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
  const said = container.end?.message ?? (container.startError === '' ? input.message(container) : container.startError);
  const message = shareOf(input.pod, said);
  return {
    exitCode: container.exitCode,
    reason: terminationReason(container),
    ...(message === '' ? {} : { message }),
    ...(container.end === undefined
      ? {
          startedAt: rfc3339(container.startedAt),
          finishedAt: rfc3339(container.finishedAt),
          containerID: `${input.scheme}://${container.id}`,
        }
      : {}),
  };
}

/** So many bytes all containers of a pod may leave (pkg/kubelet/container, MaxPodTerminationMessageLogLength). */
const messageBytes = 12 * 1024;

function shareOf(pod: Pod, message: string): string {
  const bytes = Math.floor(messageBytes / containerSpecs(pod).length);
  return Buffer.byteLength(message) <= bytes ? message : Buffer.from(message).subarray(0, bytes).toString();
}

function terminationReason(container: Container): string {
  if (container.end !== undefined) return container.end.reason;
  if (container.startError !== '') return 'StartError';
  if (container.oomKilled && container.exitCode !== 0) return 'OOMKilled';
  return container.exitCode === 0 ? 'Completed' : 'Error';
}

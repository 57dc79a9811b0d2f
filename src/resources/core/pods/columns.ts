/** What `kubectl get pods` shows. printPod in pkg/printers/internalversion/printers.go. */
import type { ContainerStatus, Pod } from '../../../api/generated/types.ts';
import type { Column } from '../../../registry/definition.ts';
import { age, name, since, text, wide } from '../../shared/columns.ts';

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** When a container ended last before it was started again. */
  readonly lastRestart: string | undefined;
}

export const podColumns: readonly Column<Pod>[] = [
  name,
  text('Ready', (pod) => {
    const { ready, total } = podSummary(pod);
    return `${String(ready)}/${String(total)}`;
  }),
  text('Status', (pod) => podSummary(pod).status),
  text('Restarts', (pod, now) => {
    const { restarts, lastRestart } = podSummary(pod);
    return restarts !== 0 && lastRestart !== undefined ? `${String(restarts)} (${since(lastRestart, now)} ago)` : String(restarts);
  }),
  age,
  wide('IP', (pod) => orNone(pod.status.podIPs?.[0]?.ip)),
  wide('Node', (pod) => orNone(pod.spec.nodeName)),
  wide('Nominated Node', (pod) => orNone(pod.status.nominatedNodeName)),
  wide('Readiness Gates', readinessGates),
];

function orNone(value: string | undefined): string {
  return value === undefined || value === '' ? '<none>' : value;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const met = gates.filter((gate) => condition(pod, gate.conditionType)?.status === 'True').length;
  return `${String(met)}/${String(gates.length)}`;
}

function condition(pod: Pod, type: string): { status: string; reason?: string } | undefined {
  return pod.status.conditions?.find((candidate) => candidate.type === type);
}

/** The figures and the one word that describe a pod. */
export function podSummary(pod: Pod): Summary {
  const init = initSummary(pod);
  const main = init.waiting && condition(pod, 'Initialized')?.status !== 'True' ? undefined : mainSummary(pod, init.reason);
  const restartable = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always').length;
  const sum =
    main === undefined
      ? init
      : { restarts: init.sidecarRestarts + main.restarts, lastRestart: later(init.sidecarLastRestart, main.lastRestart) };
  return {
    ready: init.ready + (main?.ready ?? 0),
    total: pod.spec.containers.length + restartable,
    status: deletionStatus(pod) ?? main?.reason ?? init.reason,
    restarts: sum.restarts,
    lastRestart: sum.lastRestart,
  };
}

function deletionStatus(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined;
  if (pod.status.reason === 'NodeLost') return 'Unknown';
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed' ? undefined : 'Terminating';
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) < Date.parse(b) ? b : a;
}

function lastEnd(status: ContainerStatus): string | undefined {
  return status.lastState?.terminated?.finishedAt ?? undefined;
}

function initSummary(pod: Pod) {
  const sidecars = new Set(
    (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always').map((container) => container.name),
  );
  const gated =
    pod.status.conditions?.some((candidate) => candidate.type === 'PodScheduled' && candidate.reason === 'SchedulingGated') === true;
  const summary = {
    reason: gated ? 'SchedulingGated' : (pod.status.reason ?? '') !== '' ? (pod.status.reason ?? '') : (pod.status.phase ?? ''),
    waiting: false,
    ready: 0,
    restarts: 0,
    lastRestart: undefined as string | undefined,
    sidecarRestarts: 0,
    sidecarLastRestart: undefined as string | undefined,
  };
  for (const [index, status] of (pod.status.initContainerStatuses ?? []).entries()) {
    summary.restarts += status.restartCount;
    summary.lastRestart = later(summary.lastRestart, lastEnd(status));
    if (sidecars.has(status.name)) {
      summary.sidecarRestarts += status.restartCount;
      summary.sidecarLastRestart = later(summary.sidecarLastRestart, lastEnd(status));
    }
    if (status.state?.terminated?.exitCode === 0) continue;
    if (sidecars.has(status.name) && status.started === true) {
      if (status.ready) summary.ready += 1;
      continue;
    }
    summary.reason = initReason(status, index, pod.spec.initContainers?.length ?? 0);
    summary.waiting = true;
    break;
  }
  return summary;
}

/** Why the first unfinished init container keeps the pod from going on. */
function initReason({ state }: ContainerStatus, index: number, total: number): string {
  if (state?.terminated !== undefined) return `Init:${endReason(state.terminated)}`;
  const waiting = state?.waiting?.reason ?? '';
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${String(index)}/${String(total)}`;
}

function endReason(terminated: { reason?: string; signal?: number; exitCode: number }): string {
  if ((terminated.reason ?? '') !== '') return terminated.reason ?? '';
  return (terminated.signal ?? 0) !== 0 ? `Signal:${String(terminated.signal)}` : `ExitCode:${String(terminated.exitCode)}`;
}

function mainSummary(pod: Pod, before: string) {
  const summary = { reason: before, ready: 0, restarts: 0, lastRestart: undefined as string | undefined };
  let running = false;
  let failure = '';
  for (const status of [...(pod.status.containerStatuses ?? [])].reverse()) {
    const { state } = status;
    summary.restarts += status.restartCount;
    summary.lastRestart = later(summary.lastRestart, lastEnd(status));
    if ((state?.waiting?.reason ?? '') !== '') summary.reason = state?.waiting?.reason ?? '';
    else if (state?.terminated !== undefined) {
      summary.reason = endReason(state.terminated);
      if (state.terminated.exitCode !== 0) failure = summary.reason;
    } else if (status.ready && state?.running !== undefined) {
      running = true;
      summary.ready += 1;
    }
  }
  if (summary.reason === 'Completed') {
    if (running && condition(pod, 'Ready')?.status === 'True') summary.reason = 'Running';
    else if (failure !== '') summary.reason = failure;
    else if (running) summary.reason = 'NotReady';
  }
  return summary;
}

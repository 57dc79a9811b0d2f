/** A pod as its worker sees it: each container of the specification with what the runtime and the probes say of it. */
import type { Container as ContainerFields, Pod, ResourceRequirements } from '../../api/generated/types.ts';
import type { Container } from '../runtimes/runtime.ts';

/** `sidecar`: an init container that is restarted always and runs beside the main ones. */
export type Role = 'init' | 'sidecar' | 'main' | 'ephemeral';

export interface ContainerSpec {
  readonly container: ContainerFields;
  readonly role: Role;
  /** For ephemeral containers: whose processes they look at. */
  readonly target: string;
}

export interface Waiting {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerView {
  readonly spec: ContainerSpec;
  /** The newest container the runtime has for it. */
  readonly current: Container | undefined;
  /** The one before. */
  readonly previous: Container | undefined;
  /** What stands in the way of the next start. */
  readonly waiting: Waiting | undefined;
  /** A start or a stop is under way. */
  readonly busy: boolean;
  /** Hooks and startup probe are through. */
  readonly started: boolean;
  readonly ready: boolean;
  /** The probe that gave the container up. */
  readonly failedProbe: 'liveness' | 'startup' | undefined;
  /** How often it was started again. */
  readonly restartCount: number;
  /** What the running container was given; undefined while nothing runs. */
  readonly actuated: ResourceRequirements | undefined;
  /** It was ended only to be started anew: no policy stands in the way. */
  readonly restartDue: boolean;
}

/** Containers in the order of the specification: init, main, ephemeral. */
export function containerSpecs(pod: Pod): ContainerSpec[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  return [
    ...initContainers.map((container): ContainerSpec => ({
      container,
      role: container.restartPolicy === 'Always' ? 'sidecar' : 'init',
      target: '',
    })),
    ...containers.map((container): ContainerSpec => ({ container, role: 'main', target: '' })),
    ...ephemeralContainers.map(({ targetContainerName = '', ...container }): ContainerSpec => ({
      container,
      role: 'ephemeral',
      target: targetContainerName,
    })),
  ];
}

/** `name_namespace(uid)`, as messages name a pod (pkg/kubelet/util/format). */
export function podText(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`;
}

/** Where events about a container point: `spec.containers{web}`. */
export function fieldPathOf(spec: ContainerSpec): string {
  const list = spec.role === 'main' ? 'containers' : spec.role === 'ephemeral' ? 'ephemeralContainers' : 'initContainers';
  return `spec.${list}{${spec.container.name}}`;
}

/** The parts of a container that force a restart when they change: only its image may change in place. */
export function specHash(spec: ContainerSpec): string {
  return `${spec.container.name}=${spec.container.image ?? ''}`;
}

/** What the first rule for this exit code asks for (FindMatchingContainerRestartRule). */
export function restartRule({ restartPolicyRules = [] }: ContainerFields, exitCode: number): string | undefined {
  const matching = restartPolicyRules.find(({ exitCodes }) => {
    if (exitCodes === undefined) return false;
    const named = exitCodes.values?.includes(exitCode) ?? false;
    return exitCodes.operator === 'In' ? named : exitCodes.operator === 'NotIn' && !named;
  });
  return matching?.action;
}

/** Whether a container that ended like this is started again. A container's own rules and policy go before the pod's. */
export function restarts(pod: Pod, { container, role }: ContainerSpec, exitCode: number): boolean {
  if (role === 'ephemeral') return false;
  if (role === 'sidecar') return true;
  if (restartRule(container, exitCode)?.startsWith('Restart') === true) return true;
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  if (policy === 'Never') return false;
  // An init container that did its work is not repeated, whatever the policy.
  if (policy === 'Always' && role !== 'init') return true;
  return exitCode !== 0;
}

/** A container has ended in a way that starts the whole pod again in place (ShouldAllContainersRestart). */
export function wantsAllRestarted(views: readonly ContainerView[]): boolean {
  return views.some(
    ({ spec, current }) =>
      spec.role !== 'ephemeral' && current?.state === 'exited' && restartRule(spec.container, current.exitCode) === 'RestartAllContainers',
  );
}

/** Why containers that were removed on behalf of others are not there. */
export const restartingAll = 'RestartingAllContainers';

/** What is to be done for a pod's containers, from what is; pure. The rules are kuberuntime's computePodActions. */
import type { Pod } from '../../api/generated/types.ts';
import type { Container } from '../runtimes/runtime.ts';
import { differences } from './allocation.ts';
import type { ContainerSpec, ContainerView } from './model.ts';
import { restarts, specHash } from './model.ts';

/** `resize`: it can only have other resources when it starts again. */
export type KillReason = 'changed' | 'liveness' | 'startup' | 'resize' | 'finished';

export interface Kill {
  readonly spec: ContainerSpec;
  readonly container: Container;
  readonly message: string;
  readonly reason: KillReason;
}

export interface Decision {
  readonly start: readonly ContainerSpec[];
  readonly kill: readonly Kill[];
  /** No main container will ever run again. */
  readonly finished: boolean;
}

const nothing: Decision = { start: [], kill: [], finished: false };

export function decide(pod: Pod, views: readonly ContainerView[]): Decision {
  const of = (...roles: string[]): ContainerView[] => views.filter((view) => roles.includes(view.spec.role));
  const main = of('main');
  const sidecars = of('sidecar');
  if (isFinished(pod, views)) {
    return { start: [], finished: true, kill: sidecars.flatMap((view) => killRunning(view)) };
  }
  const kill = views.flatMap((view) => unfit(pod, view));
  const begun = main.some((view) => view.current !== undefined);
  const wanting = (candidates: readonly ContainerView[]): ContainerSpec[] =>
    candidates.filter((view) => wantsStart(pod, view)).map((view) => view.spec);
  // Ephemeral containers wait for nothing.
  const ephemeral = wanting(of('ephemeral'));
  if (!begun) {
    const next = nextInit(pod, of('init', 'sidecar'));
    if (next !== 'done') return { ...nothing, kill, start: [...ephemeral, ...next] };
  }
  return { ...nothing, kill, start: [...ephemeral, ...wanting([...(begun ? sidecars : []), ...main])] };
}

/** All main containers have ended for good, or an init container has failed for good. */
export function isFinished(pod: Pod, views: readonly ContainerView[]): boolean {
  const endedForGood = (view: ContainerView): boolean =>
    !view.busy && !view.restartDue && view.current?.state === 'exited' && !restarts(pod, view.spec, view.current.exitCode);
  const main = views.filter((view) => view.spec.role === 'main');
  if (main.length > 0 && main.every(endedForGood)) return true;
  const begun = main.some((view) => view.current !== undefined);
  return !begun && views.some((view) => view.spec.role === 'init' && endedForGood(view) && view.current?.exitCode !== 0);
}

/** Init containers run one after the other; a sidecar lets the next one go once it has started. */
function nextInit(pod: Pod, views: readonly ContainerView[]): ContainerSpec[] | 'done' {
  const start: ContainerSpec[] = [];
  for (const view of views) {
    if (view.spec.role === 'init' && view.current?.state === 'exited' && view.current.exitCode === 0) continue;
    if (wantsStart(pod, view)) start.push(view.spec);
    // Sidecars that ran before are brought back without holding up what follows.
    if (view.spec.role === 'sidecar' && view.current !== undefined && view.started) continue;
    return start;
  }
  return start.length === 0 ? 'done' : start;
}

function wantsStart(pod: Pod, view: ContainerView): boolean {
  if (view.busy) return false;
  if (view.restartDue || view.current === undefined || view.current.state === 'created') return true;
  return view.current.state === 'exited' && restarts(pod, view.spec, view.current.exitCode);
}

function killRunning(view: ContainerView): Kill[] {
  if (view.busy || view.current?.state !== 'running') return [];
  return [{ spec: view.spec, container: view.current, message: '', reason: 'finished' }];
}

/** Running containers that may not go on: another image is wanted, or a probe gave them up. */
function unfit(pod: Pod, view: ContainerView): Kill[] {
  const { spec, current } = view;
  if (view.busy || current?.state !== 'running' || spec.role === 'ephemeral') return [];
  const name = spec.container.name;
  const again = (spec.container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always') !== 'Never' || spec.role === 'sidecar';
  const suffix = again ? ', will be restarted' : '';
  if (spec.role !== 'init' && current.specHash !== '' && current.specHash !== specHash(spec)) {
    return [{ spec, container: current, reason: 'changed', message: `Container ${name} definition changed, will be restarted` }];
  }
  if (view.failedProbe === undefined) {
    const message = `Container ${name} resize requires restart`;
    return resizeRestarts(view) ? [{ spec, container: current, reason: 'resize', message }] : [];
  }
  return [{ spec, container: current, reason: view.failedProbe, message: `Container ${name} failed ${view.failedProbe} probe${suffix}` }];
}

/** Whether the running container has to start again to get what it is to have (computePodResizeAction). */
function resizeRestarts({ spec, actuated }: ContainerView): boolean {
  if (actuated === undefined) return false;
  const changed = differences(actuated, spec.container.resources);
  return (spec.container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.some((name) => name === resourceName),
  );
}

/** Whether a pod that lost its sandbox gets another one (computePodActions). */
export function outlivesSandbox(pod: Pod, views: readonly ContainerView[]): boolean {
  if (!views.some((view) => view.current !== undefined)) return true;
  if (pod.spec.restartPolicy === 'Never') return false;
  const main = views.filter((view) => view.spec.role === 'main');
  if (!main.some((view) => view.current !== undefined)) return true;
  return main.some(({ spec, current }) => {
    const policy = spec.container.restartPolicy ?? pod.spec.restartPolicy;
    return !(policy === 'OnFailure' && current?.state === 'exited' && current.exitCode === 0);
  });
}

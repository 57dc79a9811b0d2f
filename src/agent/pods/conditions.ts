/** Conditions of a pod; pure. The rules and words are pkg/kubelet/status/generate.go. */
import type { Pod, PodCondition } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { ContainerView } from './model.ts';
import { resizeConditions } from './resize-state.ts';

/** Says that the pod is to make room, whoever wants it gone. */
export const disruptionTarget = 'DisruptionTarget';
/** The containers are being taken away to begin anew, as a rule of one of them asks for. */
export const allContainersRestarting = 'AllContainersRestarting';

export interface ConditionInput {
  readonly pod: Pod;
  readonly views: readonly ContainerView[];
  readonly phase: string;
  readonly sandboxReady: boolean;
  readonly now: number;
  readonly ended?: { readonly message: string; readonly disrupted?: boolean } | undefined;
  /** How far a resize has come. */
  readonly resize?: readonly PodCondition[];
  readonly restartingAll?: boolean;
}

interface Verdict {
  readonly type: string;
  readonly status: boolean;
  readonly reason?: string;
  readonly message?: string;
}

/** The agent's own conditions brought up to date; those of others stay as they are. */
export function podConditions(input: ConditionInput): PodCondition[] {
  const old = input.pod.status.conditions ?? [];
  const containersReady = containersReadyVerdict(input);
  const verdicts: Verdict[] = [
    { type: 'PodReadyToStartContainers', status: input.sandboxReady },
    initializedVerdict(input),
    readyVerdict(input.pod, containersReady),
    { ...containersReady, type: 'ContainersReady' },
    { type: 'PodScheduled', status: true },
    ...disruption(input),
    ...restartVerdict(input),
  ];
  const own = [...verdicts.map((verdict) => toCondition(verdict, input)), ...(input.resize ?? [])];
  const gone = (type: string): boolean => resizeConditions.has(type) || own.some((condition) => condition.type === type);
  return [...own, ...old.filter((condition) => !gone(condition.type))];
}

function disruption({ ended }: ConditionInput): Verdict[] {
  if (ended?.disrupted !== true) return [];
  return [{ type: disruptionTarget, status: true, reason: 'TerminationByKubelet', message: ended.message }];
}

/** Only pods that have such a rule have the condition. */
function restartVerdict({ pod, phase, restartingAll = false }: ConditionInput): Verdict[] {
  const { containers, initContainers = [] } = pod.spec;
  const rules = [...containers, ...initContainers].flatMap((container) => container.restartPolicyRules ?? []);
  if (!rules.some((rule) => rule.action === 'RestartAllContainers')) return [];
  const type = allContainersRestarting;
  if (phase === 'Succeeded') return [{ type, status: false, reason: 'PodCompleted' }];
  if (phase === 'Failed') return [{ type, status: false, reason: 'PodFailed' }];
  if (!restartingAll) return [{ type, status: false }];
  return [{ type, status: true, reason: 'RestartAllContainersStarted', message: 'container exited with restart policy rule' }];
}

function toCondition({ type, status, reason, message }: Verdict, { pod, now }: ConditionInput): PodCondition {
  const before = pod.status.conditions?.find((condition) => condition.type === type);
  const text = status ? 'True' : 'False';
  const { generation } = pod.metadata;
  return {
    type,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    status: text,
    lastTransitionTime: before?.status === text && before.lastTransitionTime !== undefined ? before.lastTransitionTime : rfc3339(now),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

function names(views: readonly ContainerView[]): string {
  return `[${views.map((view) => view.spec.container.name).join(' ')}]`;
}

function initializedVerdict({ views, phase }: ConditionInput): Verdict {
  const type = 'Initialized';
  const init = views.filter((view) => view.spec.role === 'init' || view.spec.role === 'sidecar');
  if (phase === 'Succeeded') return { type, status: true, ...(init.length === 0 ? {} : { reason: 'PodCompleted' }) };
  const begun = views.some((view) => view.spec.role === 'main' && view.current !== undefined);
  if (begun) return { type, status: true };
  const incomplete = init.filter((view) =>
    view.spec.role === 'sidecar' ? !view.started : !(view.current?.state === 'exited' && view.current.exitCode === 0),
  );
  if (incomplete.length === 0) return { type, status: true };
  return { type, status: false, reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${names(incomplete)}` };
}

function containersReadyVerdict({ views, phase }: ConditionInput): Verdict {
  const type = 'Ready';
  if (phase === 'Succeeded') return { type, status: false, reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: false, reason: 'PodFailed' };
  const counted = views.filter((view) => view.spec.role === 'main' || view.spec.role === 'sidecar');
  const unready = counted.filter((view) => !(view.current?.state === 'running' && view.ready));
  if (unready.length === 0) return { type, status: true };
  return { type, status: false, reason: 'ContainersNotReady', message: `containers with unready status: ${names(unready)}` };
}

function readyVerdict(pod: Pod, containersReady: Verdict): Verdict {
  if (!containersReady.status) return containersReady;
  const unmet = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = pod.status.conditions?.find((condition) => condition.type === conditionType);
    if (found === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return found.status === 'True' ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  if (unmet.length === 0) return containersReady;
  return { type: 'Ready', status: false, reason: 'ReadinessGatesNotReady', message: unmet.join(', ') };
}

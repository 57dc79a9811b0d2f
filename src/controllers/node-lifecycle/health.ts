/** What a node's silence and conditions mean: nodelifecycle/node_lifecycle_controller.go. Pure. */
import type { Node, NodeCondition, Taint } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';

const taintKeys = {
  notReady: 'node.kubernetes.io/not-ready',
  unreachable: 'node.kubernetes.io/unreachable',
  unschedulable: 'node.kubernetes.io/unschedulable',
} as const;

/** Taint keys by condition type and status. */
const conditionTaints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: taintKeys.notReady, Unknown: taintKeys.unreachable },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};

const heartbeatConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status.conditions?.find((condition) => condition.type === 'Ready');
}

/** The conditions of a node that has been silent for too long. */
export function silentConditions(node: Node, now: number): NodeCondition[] {
  const result = [...(node.status.conditions ?? [])];
  for (const type of heartbeatConditions) {
    const at = result.findIndex((condition) => condition.type === type);
    const before = result[at];
    const lastTransitionTime = rfc3339(now);
    if (before === undefined) {
      const facts = { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' };
      result.push({ type, status: 'Unknown', ...facts, lastHeartbeatTime: node.metadata.creationTimestamp, lastTransitionTime });
    } else if (before.status !== 'Unknown') {
      result[at] = {
        ...before,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime,
      };
    }
  }
  return result;
}

/** The taint that sends pods away from a node in this state; undefined: none. */
export function noExecuteKey(node: Node): string | undefined {
  const ready = readyCondition(node)?.status;
  return ready === 'False' ? taintKeys.notReady : ready === 'Unknown' ? taintKeys.unreachable : undefined;
}

/** Whether the node's pods are being sent away already. */
export function isGivenUp({ spec }: Node): boolean {
  return (spec.taints ?? []).some(
    ({ key, effect }) => effect === 'NoExecute' && (key === taintKeys.notReady || key === taintKeys.unreachable),
  );
}

/** The taints the node's conditions ask for, beside those that others put there; NoExecute only when it is given up. */
export function wantedTaints(node: Node, givenUp: boolean, now: number): Taint[] {
  const own = new Set(Object.values(conditionTaints).flatMap((byStatus) => Object.values(byStatus)));
  const noSchedule = (node.status.conditions ?? []).flatMap((condition) => conditionTaints[condition.type]?.[condition.status] ?? []);
  if (node.spec.unschedulable === true) noSchedule.push(taintKeys.unschedulable);
  const noExecute = givenUp ? [noExecuteKey(node) ?? []].flat() : [];
  const current = node.spec.taints ?? [];
  const isOurs = (taint: Taint): boolean =>
    (taint.effect === 'NoSchedule' && (own.has(taint.key) || taint.key === taintKeys.unschedulable)) ||
    (taint.effect === 'NoExecute' && (taint.key === taintKeys.notReady || taint.key === taintKeys.unreachable));
  const want = [...noSchedule.map((key) => ({ key, effect: 'NoSchedule' })), ...noExecute.map((key) => ({ key, effect: 'NoExecute' }))];
  const kept = current.filter((taint) => !isOurs(taint) || want.some(({ key, effect }) => key === taint.key && effect === taint.effect));
  const missing = want.filter(({ key, effect }) => !current.some((taint) => taint.key === key && taint.effect === effect));
  return [...kept, ...missing.map((taint) => ({ ...taint, timeAdded: rfc3339(now) }))];
}

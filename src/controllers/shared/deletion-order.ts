/** Which pods go first when there are too many: ActivePodsWithRanks in pkg/controller/controller_utils.go. */
import type { Pod } from '../../api/generated/types.ts';
import { isPodActive, isPodReady, podCondition } from './pods.ts';

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

interface Ranked {
  readonly pod: Pod;
  readonly ready: boolean;
  readonly readySince: number;
  readonly cost: number;
  /** Active pods of the same or a related owner on the pod's node. */
  readonly doubles: number;
  readonly restarts: number;
  readonly sidecarRestarts: number;
  readonly created: number;
}

/** The `count` pods to delete; `related` are pods of the same owner's owner, which count as company on a node. */
export function podsToDelete(pods: readonly Pod[], related: Iterable<Pod>, count: number, now: number): Pod[] {
  if (count >= pods.length) return [...pods];
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec.nodeName ?? '';
    if (isPodActive(pod)) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const ranked = pods.map((pod) => rank(pod, onNode.get(pod.spec.nodeName ?? '') ?? 0));
  ranked.sort((a, b) => compare(a, b, now));
  return ranked.slice(0, count).map(({ pod }) => pod);
}

/** Negative when `a` goes before `b` where neither cost nor company counts (upstream ActivePods): of equal ones the younger goes first. */
export function compareActive(a: Pod, b: Pod): number {
  const [one, other] = [rank(a, 0), rank(b, 0)];
  const stage = compareStages(one, other);
  if (stage !== 0) return stage;
  if (one.ready && other.ready && one.readySince !== other.readySince) return newerFirst(one.readySince, other.readySince);
  return compareRestarts(one, other) || (one.created === other.created ? 0 : newerFirst(one.created, other.created));
}

/** An unknown time (0) counts as the newest. */
function newerFirst(a: number, b: number): number {
  if (a === 0 || b === 0) return a === 0 ? -1 : 1;
  return b - a;
}

function rank(pod: Pod, doubles: number): Ranked {
  const ready = isPodReady(pod);
  const since = ready ? podCondition(pod, 'Ready')?.lastTransitionTime : undefined;
  const sidecars = new Set(
    pod.spec.initContainers?.filter((container) => container.restartPolicy === 'Always').map((container) => container.name),
  );
  return {
    pod,
    ready,
    readySince: since === undefined ? 0 : Date.parse(since),
    cost: deletionCost(pod),
    doubles,
    restarts: Math.max(0, ...(pod.status.containerStatuses ?? []).map((status) => status.restartCount)),
    sidecarRestarts: Math.max(
      0,
      ...(pod.status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)).map((status) => status.restartCount),
    ),
    created: Date.parse(pod.metadata.creationTimestamp),
  };
}

/** Negative when `a` goes before `b`. */
function compare(a: Ranked, b: Ranked, now: number): number {
  const stage = compareStages(a, b);
  if (stage !== 0) return stage;
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.doubles !== b.doubles) return b.doubles - a.doubles;
  if (a.ready && b.ready && a.readySince !== b.readySince) return compareAges(a, b, { a: a.readySince, b: b.readySince, now });
  const restarts = compareRestarts(a, b);
  if (restarts !== 0) return restarts;
  if (a.created !== b.created) return compareAges(a, b, { a: a.created, b: b.created, now });
  return 0;
}

/** How far the pods have come: on a node, running, ready. */
function compareStages(a: Ranked, b: Ranked): number {
  const aNode = a.pod.spec.nodeName ?? '';
  const bNode = b.pod.spec.nodeName ?? '';
  if (aNode !== bNode && (aNode === '' || bNode === '')) return aNode === '' ? -1 : 1;
  const phases = (phaseOrder[a.pod.status.phase ?? 'Pending'] ?? 0) - (phaseOrder[b.pod.status.phase ?? 'Pending'] ?? 0);
  if (phases !== 0) return phases;
  if (a.ready !== b.ready) return a.ready ? 1 : -1;
  return 0;
}

function compareRestarts(a: Ranked, b: Ranked): number {
  return b.restarts - a.restarts || b.sidecarRestarts - a.sidecarRestarts;
}

/** Younger first, where ages only differ by powers of two; otherwise by uid, which is as good as random. */
function compareAges(a: Ranked, b: Ranked, times: { a: number; b: number; now: number }): number {
  if (times.a === 0 || times.b === 0) return times.a === 0 ? -1 : 1;
  const difference = logAge(times.now - times.a) - logAge(times.now - times.b);
  if (difference !== 0) return difference;
  return a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1;
}

function logAge(ms: number): number {
  return ms > 0 ? Math.floor(Math.log2(ms * 1e6)) : -1;
}

/** controller.kubernetes.io/pod-deletion-cost; what is no plain integer counts as 0. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0';
  return /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
}

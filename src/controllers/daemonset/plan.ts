/** Which daemon pods to make and which to delete. Pure; daemon/daemon_controller.go podsShouldBeOnNode, daemon/update.go rollingUpdate. */
import type { DaemonSet, Node, Pod } from '../../api/generated/types.ts';
import { scaledValue } from '../shared/int-or-percent.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import type { Placement } from './nodes.ts';
import { isUpToDate, oldestFirst } from './nodes.ts';

export interface Facts {
  readonly set: DaemonSet;
  /** Of the newest template. */
  readonly hash: string;
  readonly nodes: readonly Node[];
  readonly placement: (node: Node) => Placement;
  /** Its pods by the node they are on or meant for; ended ones that are being deleted left out. */
  readonly podsByNode: ReadonlyMap<string, readonly Pod[]>;
  readonly now: number;
}

export interface Plan {
  /** Names of nodes that need a pod. */
  readonly create: string[];
  readonly delete: Pod[];
  /** Failed and succeeded pods among those to delete. */
  readonly ended: Pod[];
  /** Ms until a failed pod that has to wait may be replaced. */
  retryIn: number | undefined;
}

/** Ms until the failed pod of a node may be replaced; 0: now. */
export type FailedPodWait = (node: string) => number;

function isGoing(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** One pod on each node that should have one, none elsewhere. */
export function planPlacement(facts: Facts, wait: FailedPodWait): Plan {
  const plan: Plan = { create: [], delete: [], ended: [], retryIn: undefined };
  const known = new Set<string>();
  for (const node of facts.nodes) {
    known.add(node.metadata.name);
    planNode(facts, node, { plan, wait });
  }
  // Pods that wait for a node that is gone.
  for (const [node, pods] of facts.podsByNode) {
    if (!known.has(node)) plan.delete.push(...pods.filter((pod) => (pod.spec.nodeName ?? '') === ''));
  }
  return plan;
}

function planNode(facts: Facts, node: Node, { plan, wait }: { plan: Plan; wait: FailedPodWait }): void {
  const { name } = node.metadata;
  const { shouldRun, mayStay } = facts.placement(node);
  const pods = facts.podsByNode.get(name);
  if (shouldRun && pods === undefined) plan.create.push(name);
  else if (!mayStay) plan.delete.push(...(pods ?? []).filter((pod) => !isGoing(pod)));
  else {
    const running = sortOutEnded(pods ?? [], name, { plan, wait });
    if (!allowsSurge(facts.set)) plan.delete.push(...running.slice(1));
    else if (running.length === 0 && shouldRun) plan.create.push(name);
    else if (running.length > 1) plan.delete.push(...excessWithSurge(running, facts));
  }
}

/** Ended pods go; those that run are returned, oldest first. */
function sortOutEnded(pods: readonly Pod[], node: string, { plan, wait }: { plan: Plan; wait: FailedPodWait }): Pod[] {
  const running: Pod[] = [];
  for (const pod of pods) {
    if (isGoing(pod)) continue;
    const { phase } = pod.status;
    if (phase !== 'Failed' && phase !== 'Succeeded') {
      running.push(pod);
      continue;
    }
    const left = phase === 'Failed' ? wait(node) : 0;
    if (left > 0) plan.retryIn = Math.min(plan.retryIn ?? Infinity, left);
    else {
      plan.delete.push(pod);
      plan.ended.push(pod);
    }
  }
  return oldestFirst(running);
}

/** While surging, one old and one new pod may be on a node, until the new one is available or the old one is not ready. */
function excessWithSurge(running: readonly Pod[], { set, hash, now }: Facts): Pod[] {
  // By hash alone: here the count of the template does not matter.
  const isNew = (pod: Pod): boolean => pod.metadata.labels?.['controller-revision-hash'] === hash;
  const newest = running.find(isNew);
  const former = running.find((pod) => !isNew(pod));
  const excess = running.filter((pod) => pod !== newest && pod !== former);
  if (newest === undefined || former === undefined) return excess;
  const over = !isPodReady(former) || isPodAvailable(newest, set.spec.minReadySeconds ?? 0, now);
  return over ? [...excess, former] : excess;
}

export function allowsSurge(set: DaemonSet): boolean {
  return limits(set, 1).surge > 0;
}

/** What the strategy allows among so many nodes. */
function limits(set: DaemonSet, nodes: number): { readonly surge: number; readonly unavailable: number } {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate' || rollingUpdate === undefined) return { surge: 0, unavailable: 0 };
  return { surge: scaledValue(rollingUpdate.maxSurge, nodes, true), unavailable: scaledValue(rollingUpdate.maxUnavailable, nodes, true) };
}

/** The next step from old pods to new ones, within maxUnavailable or maxSurge. */
export function planRollout(facts: Facts): Pick<Plan, 'create' | 'delete'> {
  const wanting = facts.nodes.filter((node) => facts.placement(node).shouldRun).map(({ metadata }) => metadata.name);
  const byNode = new Map<string, readonly Pod[]>(facts.podsByNode);
  for (const name of wanting) if (!byNode.has(name)) byNode.set(name, []);
  const { surge, unavailable } = limits(facts.set, wanting.length);
  if (surge > 0) return planSurge(facts, byNode, { surge, wanting: new Set(wanting) });
  return { create: [], delete: planReplacement(facts, byNode, unavailable === 0 && wanting.length > 0 ? 1 : unavailable) };
}

interface OnNode {
  readonly current: Pod | undefined;
  readonly former: Pod | undefined;
}

/** The new and the old pod of a node; undefined while there are several of one kind. */
function pairOf(pods: readonly Pod[], { set, hash }: Facts): OnNode | undefined {
  const staying = pods.filter((pod) => !isGoing(pod));
  const current = staying.filter((pod) => isUpToDate(pod, set, hash));
  if (current.length > 1 || staying.length - current.length > 1) return undefined;
  return { current: current[0], former: staying.find((pod) => pod !== current[0]) };
}

/** Without surge: old pods go first. Those that are not available cost nothing. */
function planReplacement(facts: Facts, byNode: ReadonlyMap<string, readonly Pod[]>, allowed: number): Pod[] {
  let unavailable = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const pods of byNode.values()) {
    const { current, former } = pairOf(pods, facts) ?? {};
    const only = current === undefined ? former : former === undefined ? current : undefined;
    const available = only !== undefined && isPodAvailable(only, facts.set.spec.minReadySeconds ?? 0, facts.now);
    if (!available) unavailable += 1;
    if (only === undefined || only !== former) continue;
    (available ? candidates : broken).push(only);
  }
  return [...broken, ...candidates.slice(0, Math.max(0, allowed - unavailable))];
}

/** With surge: a new pod beside the old one, which goes when the new one is available. */
function planSurge(
  facts: Facts,
  byNode: ReadonlyMap<string, readonly Pod[]>,
  { surge, wanting }: { surge: number; wanting: ReadonlySet<string> },
): Pick<Plan, 'create' | 'delete'> {
  const isAvailable = (pod: Pod): boolean => isPodAvailable(pod, facts.set.spec.minReadySeconds ?? 0, facts.now);
  const plan = { create: [] as string[], delete: [] as Pod[] };
  const candidates: string[] = [];
  const misplaced: Pod[] = [];
  let surging = 0;
  let available = 0;
  for (const [node, pods] of byNode) {
    const pair = pairOf(pods, facts);
    if (pair === undefined) {
      surging += 1;
      continue;
    }
    const { current, former } = pair;
    const counted = former ?? current;
    if (counted !== undefined && isAvailable(counted)) available += 1;
    if (former === undefined) continue;
    if (current !== undefined) {
      if (isAvailable(current)) plan.delete.push(former);
      else surging += 1;
    } else if (!wanting.has(node)) (isAvailable(former) ? misplaced : plan.delete).push(former);
    else (isAvailable(former) ? candidates : plan.create).push(node);
  }
  plan.delete.push(...misplaced.slice(0, Math.max(0, available - wanting.size)));
  plan.create.push(...candidates.slice(0, Math.max(0, surge - surging)));
  return plan;
}

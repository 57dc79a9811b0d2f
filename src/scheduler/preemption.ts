/**
 * Making room for a pod by deleting pods of lower priority: scheduler framework/preemption and plugins/defaultpreemption.
 * Pure: says which node and which victims.
 */
import type { Diagnosis } from './decide.ts';
import { besideNominated, firstRefusal, preFilter } from './decide.ts';
import type { Cluster, Weighted } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export type Preemption =
  { readonly node: NodeInfo; readonly victims: readonly PodInfo[] } | { readonly message: string; readonly waits?: true };

export interface PreemptOptions {
  readonly plugins: readonly Weighted[];
  readonly cluster: Cluster;
}

/** `message` is what the failed pod is told when nothing can be done; with `waits`, room is being made for it already. */
export function preempt(pod: PodInfo, diagnosis: Diagnosis, options: PreemptOptions): Preemption {
  if (pod.pod.spec.preemptionPolicy === 'Never') return { message: 'preemption: not eligible due to preemptionPolicy=Never.' };
  const nominated = options.cluster.nodes.find((node) => node.name === pod.pod.status.nominatedNodeName);
  const isLeaving = (other: PodInfo): boolean => other.pod.metadata.deletionTimestamp !== undefined && other.priority < pod.priority;
  if (nominated !== undefined && [...nominated.pods].some(isLeaving)) {
    return { message: 'preemption: not eligible due to a terminating pod on the nominated node.', waits: true };
  }
  const candidates: { node: NodeInfo; victims: PodInfo[] }[] = [];
  let noVictims = 0;
  for (const node of diagnosis.resolvable) {
    if (![...node.pods].some((other) => other.priority < pod.priority)) noVictims += 1;
    else {
      const victims = victimsOn(node, pod, options);
      if (victims !== undefined) candidates.push({ node, victims });
    }
  }
  const best = candidates.sort((a, b) => compare(a.victims, b.victims))[0];
  if (best !== undefined) return best;
  const unhelpful = diagnosis.nodeCount - diagnosis.resolvable.length;
  const parts = [
    ...(noVictims === 0 ? [] : [`${String(noVictims)} No preemption victims found for incoming pod`]),
    ...(unhelpful === 0 ? [] : [`${String(unhelpful)} Preemption is not helpful for scheduling`]),
  ];
  return { message: `preemption: 0/${String(diagnosis.nodeCount)} nodes are available: ${parts.sort().join(', ')}.` };
}

/** The fewest, least important pods whose absence lets the pod in; undefined when even all lower ones do not. */
function victimsOn(node: NodeInfo, pod: PodInfo, { plugins, cluster }: PreemptOptions): PodInfo[] | undefined {
  const lower = [...node.pods].filter((other) => other.priority < pod.priority).sort(byImportance);
  const trial = node.clone();
  const nodes = cluster.nodes.map((other) => (other === node ? trial : other));
  const fits = (): boolean => {
    const filters = preFilter(pod, plugins, { ...cluster, nodes });
    if ('rejection' in filters || firstRefusal(filters.filters, trial) !== undefined) return false;
    return besideNominated(pod, trial, { plugins, cluster: { ...cluster, nodes } }) === undefined;
  };
  for (const victim of lower) trial.remove(victim.uid);
  if (!fits()) return undefined;
  const victims: PodInfo[] = [];
  for (const candidate of lower) {
    trial.add(candidate);
    if (fits()) continue;
    trial.remove(candidate.uid);
    victims.push(candidate);
  }
  return victims;
}

function startOf(pod: PodInfo): number {
  return Date.parse(pod.pod.status.startTime ?? pod.pod.metadata.creationTimestamp);
}

/** More important first: higher priority, then running longer. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

/** Negative when losing `a` hurts less: lower highest priority, lower sum, fewer, younger. */
function compare(a: readonly PodInfo[], b: readonly PodInfo[]): number {
  const highest = (victims: readonly PodInfo[]): number => Math.max(...victims.map((victim) => victim.priority));
  const sum = (victims: readonly PodInfo[]): number => victims.reduce((total, victim) => total + victim.priority + 2 ** 31, 0);
  const earliest = (victims: readonly PodInfo[]): number =>
    Math.min(...victims.filter((victim) => victim.priority === highest(victims)).map(startOf));
  return highest(a) - highest(b) || sum(a) - sum(b) || a.length - b.length || earliest(b) - earliest(a);
}

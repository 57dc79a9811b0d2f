/**
 * Making room for a pod by deleting pods of lower priority: scheduler framework/preemption and plugins/defaultpreemption.
 * Pure: says which node and which victims.
 */
import type { PodDisruptionBudget } from '../api/generated/types.ts';
import type { LabelMatcher } from '../api/label-selector.ts';
import { labelMatcher } from '../api/label-selector.ts';
import type { PodFilters, TrialFilters } from './decide.ts';
import { fitsTrial, place, trial } from './decide.ts';
import type { Diagnosis } from './diagnosis.ts';
import { countReasons, rejectionOf, resolvable } from './diagnosis.ts';
import type { Cluster, Rejection } from './framework.ts';
import { rejectForGood } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { PreemptionSettings } from './profile.ts';

/** `message` is what the failed pod is told when nothing can be done; with `waits`, what was promised to it stays. */
export type Preemption =
  { readonly node: NodeInfo; readonly victims: readonly PodInfo[] } | { readonly message: string; readonly waits: boolean };

export interface PreemptOptions {
  readonly filters: PodFilters;
  readonly cluster: Cluster;
  readonly settings: PreemptionSettings;
  readonly budgets: Iterable<PodDisruptionBudget>;
  readonly random: () => number;
  /** Milliseconds since the epoch: pods that have not started count as starting now. */
  readonly now: number;
}

interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** Victims whose budget does not allow it. */
  readonly violations: number;
}

export function preempt(pod: PodInfo, diagnosis: Diagnosis, options: PreemptOptions): Preemption {
  const ineligible = whyNotEligible(pod, diagnosis, options.cluster);
  if (ineligible !== undefined) return { message: `preemption: ${ineligible}`, waits: true };
  const { candidates, refusals } = findCandidates(pod, resolvable(diagnosis), options);
  const [best] = candidates.toSorted((a, b) => compare(a, b, options.now));
  if (best !== undefined) return best;
  const unhelpful = rejectForGood('Preemption is not helpful for scheduling');
  const why = countReasons(diagnosis.nodes.map((node) => refusals.get(node) ?? unhelpful));
  return { message: `preemption: 0/${String(diagnosis.nodes.length)} nodes are available: ${why}.`, waits: false };
}

function whyNotEligible(pod: PodInfo, diagnosis: Diagnosis, cluster: Cluster): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = cluster.node(pod.pod.status.nominatedNodeName ?? '');
  if (nominated === undefined || rejectionOf(diagnosis, nominated).unresolvable) return undefined;
  for (const other of nominated.pods)
    if (other.priority < pod.priority && isLeaving(other)) return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}

/** Terminating because a scheduler wanted it so. */
function isLeaving({ pod }: PodInfo): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false;
  const target = pod.status.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler';
}

interface Found {
  readonly candidates: readonly Candidate[];
  readonly refusals: ReadonlyMap<NodeInfo, Rejection>;
}

/** Tries nodes from a random one on until there are enough candidates, at least one of which hurts no budget. */
function findCandidates(pod: PodInfo, nodes: readonly NodeInfo[], options: PreemptOptions): Found {
  const { settings, random } = options;
  const share = Math.trunc((nodes.length * settings.minCandidateNodesPercentage) / 100);
  const enough = Math.min(nodes.length, Math.max(share, settings.minCandidateNodesAbsolute));
  const start = Math.floor(random() * nodes.length);
  const budgets = [...options.budgets].map((budget): Budget => ({
    budget,
    matches: labelMatcher(budget.spec.selector),
    isEmpty: isEmptySelector(budget),
  }));
  const candidates: Candidate[] = [];
  const refusals = new Map<NodeInfo, Rejection>();
  let harmless = 0;
  for (let looked = 0; looked < nodes.length; looked += 1) {
    const node = nodes[(start + looked) % nodes.length] as NodeInfo;
    const found = victimsOn(node, pod, { ...options, budgets });
    if ('reasons' in found) refusals.set(node, found);
    else {
      candidates.push(found);
      if (found.violations === 0) harmless += 1;
      if (harmless > 0 && candidates.length >= enough) break;
    }
  }
  return { candidates, refusals };
}

interface Budget {
  readonly budget: PodDisruptionBudget;
  readonly matches: LabelMatcher;
  readonly isEmpty: boolean;
}

function isEmptySelector({ spec: { selector } }: PodDisruptionBudget): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length === 0;
}

/** The fewest, least important pods whose absence lets the pod in, or why even that of all lower ones would not. */
function victimsOn(
  node: NodeInfo,
  pod: PodInfo,
  { filters, cluster, budgets, now }: Omit<PreemptOptions, 'budgets'> & { readonly budgets: readonly Budget[] },
): Candidate | Rejection {
  const lower = [...node.pods].filter((other) => other.priority < pod.priority);
  if (lower.length === 0) return rejectForGood('No preemption victims found for incoming pod');
  const tried = node.clone();
  const trying: TrialFilters = trial(filters);
  for (const victim of lower) place(trying, victim, tried, -1);
  const refusal = fitsTrial(pod, tried, trying, cluster);
  if (refusal !== undefined) return refusal.rejection;
  const sorted = lower.toSorted((a, b) => byImportance(a, b, now));
  const { violating, others } = splitByBudget(sorted, budgets);
  const victims: PodInfo[] = [];
  const reprieve = (candidate: PodInfo): boolean => {
    place(trying, candidate, tried, 1);
    if (fitsTrial(pod, tried, trying, cluster) === undefined) return true;
    place(trying, candidate, tried, -1);
    victims.push(candidate);
    return false;
  };
  let violations = 0;
  for (const candidate of violating) if (!reprieve(candidate)) violations += 1;
  for (const candidate of others) reprieve(candidate);
  return { node, victims: victims.toSorted((a, b) => byImportance(a, b, now)), violations };
}

/** Those whose loss a budget would not bear, counted from the most important on. */
function splitByBudget(pods: readonly PodInfo[], budgets: readonly Budget[]): { violating: PodInfo[]; others: PodInfo[] } {
  const allowed = budgets.map(({ budget }) => budget.status.disruptionsAllowed);
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const info of pods) {
    const { labels = {}, name } = info.pod.metadata;
    let violates = false;
    for (const [at, { budget, matches, isEmpty }] of budgets.entries()) {
      if (budget.metadata.namespace !== info.namespace || isEmpty || Object.keys(labels).length === 0 || !matches(labels)) continue;
      if (budget.status.disruptedPods?.[name] !== undefined) continue;
      allowed[at] = (allowed[at] ?? 0) - 1;
      if ((allowed[at] ?? 0) < 0) violates = true;
    }
    (violates ? violating : others).push(info);
  }
  return { violating, others };
}

function startOf({ pod }: PodInfo, now: number): number {
  return pod.status.startTime === undefined ? now : Date.parse(pod.status.startTime);
}

/** More important first: higher priority, then running longer. */
function byImportance(a: PodInfo, b: PodInfo, now: number): number {
  return b.priority - a.priority || startOf(a, now) - startOf(b, now);
}

/**
 * Negative when losing the victims of `a` hurts less: fewer budgets hurt, lower highest priority, lower sum, fewer, younger
 * (pickOneNodeForPreemption).
 */
function compare(a: Candidate, b: Candidate, now: number): number {
  const highest = ({ victims }: Candidate): number => Math.max(...victims.map((victim) => victim.priority));
  const sum = ({ victims }: Candidate): number => victims.reduce((total, victim) => total + victim.priority + 2 ** 31, 0);
  const earliest = (candidate: Candidate): number =>
    Math.min(...candidate.victims.filter((victim) => victim.priority === highest(candidate)).map((victim) => startOf(victim, now)));
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b) - earliest(a)
  );
}

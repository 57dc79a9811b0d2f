/** How many replicas a metric asks for: pkg/controller/podautoscaler/replica_calculator.go. Pure; values are in thousandths. */
import type { Container, Pod } from '../../api/generated/types.ts';
import { podRequests } from '../../api/pod-resources.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { isPodReady, podCondition } from '../shared/pods.ts';
import type { PodMetric, PodMetrics } from './metrics.ts';

/** How far the ratio of usage to target may be off before anything happens. */
export interface Tolerances {
  readonly down: number;
  readonly up: number;
}

export interface CalculationFacts {
  /** Of the scale target. */
  readonly pods: readonly Pod[];
  readonly replicas: number;
  readonly tolerances: Tolerances;
  readonly now: number;
}

export interface Proposal {
  readonly replicas: number;
  /** What is used now, in thousandths: of a pod on average, or all together. */
  readonly usage: number;
  /** Usage in per cent of the requests, for utilization targets. */
  readonly utilization?: number;
}

/** Time after its start during which a pod's CPU usage may be that of starting (flag --horizontal-pod-autoscaler-cpu-initialization-period). */
const cpuInitializationMs = 300_000;
/** Time after its start during which becoming unready means that it never was ready (--horizontal-pod-autoscaler-initial-readiness-delay). */
const readinessDelayMs = 30_000;
const maxInt32 = 2 ** 31 - 1;

const within = (ratio: number, { down, up }: Tolerances): boolean => 1 - down <= ratio && ratio <= 1 + up;
const ceil = (value: number): number => Math.min(Math.ceil(value), maxInt32);

interface Groups {
  readonly ready: number;
  readonly unready: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  /** The metrics of pods that are ready. */
  readonly metrics: Map<string, PodMetric>;
}

/** For a target in per cent of what pods request. */
export function utilizationReplicas(
  metrics: PodMetrics,
  target: { readonly percent: number; readonly resource: string; readonly container: string },
  facts: CalculationFacts,
): Proposal {
  const groups = groupPods(facts, metrics, target.resource);
  const requests = new Map(facts.pods.map((pod) => [pod.metadata.name, requestOf(pod, target.resource, target.container)]));
  const measure = (values: PodMetrics): { ratio: number; utilization: number; usage: number } => {
    const known = [...values].filter(([name]) => requests.has(name));
    const total = known.reduce((sum, [, { value }]) => sum + value, 0);
    const requested = known.reduce((sum, [name]) => sum + (requests.get(name) ?? 0), 0);
    if (requested === 0) throw new Error('no metrics returned matched known pods');
    const utilization = Math.trunc((total * 100) / requested);
    return { ratio: utilization / target.percent, utilization, usage: Math.trunc(total / known.length) };
  };
  const { ratio, utilization, usage } = measure(groups.metrics);
  const fallback = (name: string): number => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, target.percent)) / 100);
  const replicas = propose(facts, groups, { ratio, fallback, remeasure: (values) => measure(values).ratio });
  return { replicas, usage, utilization };
}

/** For a target of so much a pod; `resource` is '' for metrics that are no resource. */
export function averageReplicas(
  metrics: PodMetrics,
  target: { readonly value: number; readonly resource: string },
  facts: CalculationFacts,
): Proposal {
  const groups = groupPods(facts, metrics, target.resource);
  const average = (values: PodMetrics): number => Math.trunc([...values.values()].reduce((sum, { value }) => sum + value, 0) / values.size);
  const usage = average(groups.metrics);
  const ratio = usage / target.value;
  const remeasure = (values: PodMetrics): number => average(values) / target.value;
  return { replicas: propose(facts, groups, { ratio, fallback: () => target.value, remeasure }), usage };
}

/**
 * Pods without metrics and, when scaling up, unready ones are taken to use what speaks against scaling; if that turns the
 * direction round, nothing happens.
 */
function propose(
  { replicas, tolerances }: CalculationFacts,
  { ready, unready, missing, metrics }: Groups,
  measure: { readonly ratio: number; readonly fallback: (pod: string) => number; readonly remeasure: (values: PodMetrics) => number },
): number {
  const { ratio } = measure;
  const countsUnready = unready.size > 0 && ratio > 1;
  if (!countsUnready && missing.size === 0) return within(ratio, tolerances) ? replicas : ceil(ratio * ready);
  const assumed = (value: number): PodMetric => ({ timestamp: 0, window: 0, value });
  if (ratio !== 1) for (const pod of missing) metrics.set(pod, assumed(ratio < 1 ? measure.fallback(pod) : 0));
  if (countsUnready) for (const pod of unready) metrics.set(pod, assumed(0));
  const next = measure.remeasure(metrics);
  if (within(next, tolerances) || (ratio < 1 && next > 1) || (ratio > 1 && next < 1)) return replicas;
  const wanted = ceil(next * metrics.size);
  return (next < 1 && wanted > replicas) || (next > 1 && wanted < replicas) ? replicas : wanted;
}

function groupPods({ pods, now }: CalculationFacts, all: PodMetrics, resource: string): Groups {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const metrics = new Map(all);
  const unready = new Set<string>();
  const missing = new Set<string>();
  let ready = 0;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp !== undefined || pod.status.phase === 'Failed') metrics.delete(name);
    else if (pod.status.phase === 'Pending') unready.add(name);
    else if (metric === undefined) missing.add(name);
    else if (resource === 'cpu' && hasStartupUsage(pod, metric, now)) unready.add(name);
    else ready += 1;
  }
  for (const name of unready) metrics.delete(name);
  if (metrics.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  return { ready, unready, missing, metrics };
}

/** Whether the CPU usage tells of starting rather than of load. */
function hasStartupUsage(pod: Pod, metric: PodMetric, now: number): boolean {
  const ready = podCondition(pod, 'Ready');
  if (ready === undefined || pod.status.startTime === undefined) return true;
  const started = Date.parse(pod.status.startTime);
  const since = ready.lastTransitionTime === undefined ? 0 : Date.parse(ready.lastTransitionTime);
  if (started + cpuInitializationMs > now) return ready.status === 'False' || metric.timestamp < since + metric.window;
  return ready.status === 'False' && started + readinessDelayMs > since;
}

function requestOf(pod: Pod, resource: string, container: string): number {
  const { name } = pod.metadata;
  if (container === '' && Object.keys(pod.spec.resources?.requests ?? {}).length > 0) {
    const request = podRequests(pod.spec).get(resource);
    if (request === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return request.milliValue();
  }
  const sidecars = (pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always');
  const containers: readonly Container[] = [...pod.spec.containers, ...sidecars];
  const counted = container === '' ? containers : containers.filter((one) => one.name === container).slice(0, 1);
  if (counted.length === 0 && container !== '') throw new Error(`container ${container} not found in Pod ${name}`);
  return counted.reduce((sum, one) => {
    const request = one.resources?.requests?.[resource];
    if (request === undefined) throw new Error(`missing request for ${resource} in container ${one.name} of Pod ${name}`);
    return sum + parseQuantity(request).milliValue();
  }, 0);
}

/** For a value that all pods share (an object's, or the sum of an external metric). */
export function valueReplicas(usage: number, target: number, { pods, replicas, tolerances }: CalculationFacts): Proposal {
  const ratio = usage / target;
  if (replicas === 0) return { replicas: ceil(ratio), usage };
  if (within(ratio, tolerances)) return { replicas, usage };
  if (pods.length === 0) {
    throw new Error('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  }
  const ready = pods.filter((pod) => pod.status.phase === 'Running' && isPodReady(pod)).length;
  return { replicas: ceil(ratio * ready), usage };
}

/** For a shared value of which each pod is to have so much; `replicas` are those there are. */
export function sharedReplicas(usage: number, perPod: number, { replicas, tolerances }: Omit<CalculationFacts, 'pods' | 'now'>): Proposal {
  const ratio = usage / (perPod * replicas);
  return { replicas: within(ratio, tolerances) ? replicas : ceil(usage / perPod), usage: Math.ceil(usage / replicas) };
}

/**
 * autoscaling/v1 knows one metric, the CPU's utilization; everything else that v2 has travels as JSON in annotations.
 * pkg/apis/autoscaling/v1/conversion.go.
 */
import type {
  AutoscalingV1HorizontalPodAutoscaler as V1,
  AutoscalingV2HorizontalPodAutoscaler as V2,
} from '../../../api/generated/types.ts';

import { goJson } from '../../../api/go-text.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { type Metric, type MetricStatus, metricFromV1, metricToV1, statusFromV1, statusToV1 } from './metrics.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const annotations = {
  metrics: `${prefix}metrics`,
  current: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
} as const;

export const specAnnotations = [annotations.metrics, annotations.behavior];
export const statusAnnotations = [annotations.current, annotations.conditions];

/** What annotations stand for belongs to the specification or the status, which the other's writers leave as it is. */
export function keepAnnotations(metadata: V1['metadata'], old: V1['metadata'], names: readonly string[]): void {
  const all = { ...metadata.annotations };
  for (const name of names) {
    const before = old.annotations?.[name];
    if (before === undefined) delete all[name];
    else all[name] = before;
  }
  if (Object.keys(all).length > 0) metadata.annotations = all;
  else delete metadata.annotations;
}

const isCpu = (metric: Metric): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.averageUtilization !== undefined;

const utilizationOf = ({ type, resource }: MetricStatus): number | undefined =>
  type === 'Resource' && resource?.name === 'cpu' ? resource.current.averageUtilization : undefined;

export function fromV2({ metadata, spec, status, ...rest }: V2): V1 {
  const { metrics = [], behavior, ...kept } = spec;
  const { currentMetrics, conditions, ...state } = status;
  const cpu = metrics.find(isCpu)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpu(metric));
  // the CPU's too: its plain value has no other place
  const all = currentMetrics ?? [];
  const current = all.map(utilizationOf).findLast((utilization) => utilization !== undefined);
  const extra: Record<string, string> = {};
  if (others.length > 0) extra[annotations.metrics] = goJson(others.map(metricToV1));
  if (all.length > 0) extra[annotations.current] = goJson(all.map(statusToV1));
  if ((conditions ?? []).length > 0) extra[annotations.conditions] = goJson((conditions ?? []).map(conditionInOrder));
  if (behavior !== undefined) extra[annotations.behavior] = goJson(internalForm('autoscaling.HorizontalPodAutoscalerBehavior', behavior));
  return {
    ...rest,
    metadata: withAnnotations(metadata, { ...foreign(metadata.annotations), ...extra }),
    spec: { ...kept, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    status: {
      ...state,
      currentReplicas: state.currentReplicas ?? 0,
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    },
  };
}

export function toV2({ metadata, spec, status, ...rest }: V1): V2 {
  const { targetCPUUtilizationPercentage: cpu, ...kept } = spec;
  const { currentCPUUtilizationPercentage: current, currentReplicas, ...state } = status ?? { desiredReplicas: 0, currentReplicas: 0 };
  const read = <T>(name: string): T[] | undefined => listIn<T>(metadata.annotations?.[name]);
  const metrics = (read(annotations.metrics) ?? []).map(metricFromV1);
  if (cpu !== undefined)
    metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } });
  const ofCpu: MetricStatus[] =
    current === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }];
  const currentMetrics = read(annotations.current)?.map(statusFromV1) ?? ofCpu;
  const conditions = read<NonNullable<V2['status']['conditions']>[number]>(annotations.conditions);
  const behavior = behaviorIn(metadata.annotations?.[annotations.behavior]);
  return {
    ...rest,
    metadata: withAnnotations(metadata, foreign(metadata.annotations)),
    spec: { ...kept, ...(metrics.length === 0 ? {} : { metrics }), ...(behavior === undefined ? {} : { behavior }) },
    status: {
      ...state,
      ...(currentReplicas === 0 ? {} : { currentReplicas }),
      // Go writes null for the list that nobody set.
      currentMetrics: currentMetrics.length === 0 ? (null as unknown as undefined) : currentMetrics,
      ...(conditions === undefined || conditions.length === 0 ? {} : { conditions }),
    },
  };
}

type Annotations = Readonly<Record<string, string>>;

const own = Object.values(annotations) as readonly string[];

const foreign = (all: Annotations | undefined): Annotations =>
  Object.fromEntries(Object.entries(all ?? {}).filter(([name]) => !own.includes(name)));

function withAnnotations<T extends { annotations?: Record<string, string> }>(metadata: T, wanted: Annotations): T {
  const { annotations: _annotations, ...others } = metadata;
  return (Object.keys(wanted).length === 0 ? others : { ...others, annotations: wanted }) as T;
}

function conditionInOrder({ type, status, lastTransitionTime, reason, message }: NonNullable<V2['status']['conditions']>[number]): object {
  return { type, status, lastTransitionTime: lastTransitionTime ?? null, reason: reason || undefined, message: message || undefined };
}

/** Go reads the names of fields in any case; they are written as the internal type has them. */
function behaviorIn(text: string | undefined): V2['spec']['behavior'] {
  const behavior = parsed(text);
  if (typeof behavior !== 'object' || behavior === null) return undefined;
  const lower = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(lower);
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).filter(([, inner]) => inner !== null);
    return Object.fromEntries(fields.map(([name, inner]) => [name.charAt(0).toLowerCase() + name.slice(1), lower(inner)]));
  };
  const read = lower(behavior) as NonNullable<V2['spec']['behavior']>;
  return read.scaleUp === undefined && read.scaleDown === undefined ? undefined : read;
}

function listIn<T>(text: string | undefined): T[] | undefined {
  const list = parsed(text);
  return Array.isArray(list) ? (list as T[]) : undefined;
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * autoscaling/v1 knows one metric, the CPU's utilization; everything else that v2 has travels as JSON in annotations.
 * pkg/apis/autoscaling/v1/conversion.go.
 */
import type {
  AutoscalingV1HorizontalPodAutoscaler as V1,
  AutoscalingV2HorizontalPodAutoscaler as V2,
} from '../../../api/generated/types.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const annotations = {
  metrics: `${prefix}metrics`,
  current: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
} as const;

type Metric = NonNullable<V2['spec']['metrics']>[number];
type Current = NonNullable<V2['status']['currentMetrics']>[number];

const isCpu = (metric: Metric): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.averageUtilization !== undefined;

export function fromV2({ metadata, spec, status, ...rest }: V2): V1 {
  const { metrics = [], behavior, ...kept } = spec;
  const { currentMetrics, conditions, ...state } = status;
  const cpu = metrics.find(isCpu)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpu(metric));
  const current = (currentMetrics ?? []).find((metric) => metric.resource?.name === 'cpu')?.resource?.current.averageUtilization;
  const otherCurrent = (currentMetrics ?? []).filter((metric: Current) => metric.resource?.name !== 'cpu');
  const extra: Record<string, string> = {};
  if (others.length > 0) extra[annotations.metrics] = JSON.stringify(others);
  if (otherCurrent.length > 0) extra[annotations.current] = JSON.stringify(otherCurrent);
  if ((conditions ?? []).length > 0) extra[annotations.conditions] = JSON.stringify(conditions);
  if (behavior !== undefined) extra[annotations.behavior] = JSON.stringify(behavior);
  return {
    ...rest,
    metadata: Object.keys(extra).length === 0 ? metadata : { ...metadata, annotations: { ...metadata.annotations, ...extra } },
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
  const read = <T>(name: string): T | undefined => parsed<T>(metadata.annotations?.[name]);
  const metrics = read<Metric[]>(annotations.metrics) ?? [];
  if (cpu !== undefined)
    metrics.unshift({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } });
  const currentMetrics = read<Current[]>(annotations.current) ?? [];
  if (current !== undefined)
    currentMetrics.unshift({ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } });
  const conditions = read<NonNullable<V2['status']['conditions']>>(annotations.conditions);
  const behavior = read<NonNullable<V2['spec']['behavior']>>(annotations.behavior);
  const own = Object.values(annotations) as readonly string[];
  const left = Object.entries(metadata.annotations ?? {}).filter(([name]) => !own.includes(name));
  const { annotations: dropped, ...meta } = metadata;
  void dropped;
  return {
    ...rest,
    metadata: left.length === 0 ? meta : { ...meta, annotations: Object.fromEntries(left) },
    spec: { ...kept, ...(metrics.length === 0 ? {} : { metrics }), ...(behavior === undefined ? {} : { behavior }) },
    status: {
      ...state,
      ...(currentReplicas === 0 ? {} : { currentReplicas }),
      // Go writes null for the list that nobody set.
      currentMetrics: currentMetrics.length === 0 ? (null as unknown as undefined) : currentMetrics,
      ...(conditions === undefined ? {} : { conditions }),
    },
  };
}

function parsed<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** printHorizontalPodAutoscaler of pkg/printers/internalversion/printers.go. */
import type { AutoscalingV2HorizontalPodAutoscaler as HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import type { Column } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';

type Spec = NonNullable<HorizontalPodAutoscaler['spec']['metrics']>[number];
type Status = NonNullable<HorizontalPodAutoscaler['status']['currentMetrics']>[number];

export const autoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  name,
  text('Reference', ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
  text('Targets', targets),
  text('MinPods', ({ spec }) => (spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas))),
  text('MaxPods', ({ spec }) => spec.maxReplicas),
  text('Replicas', ({ status }) => status.currentReplicas ?? 0),
  age,
];

function targets({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const list = metrics.map((metric, index) => target(metric, status.currentMetrics?.[index]));
  const shown = list.slice(0, 2).join(', ');
  return list.length > 2 ? `${shown} + ${String(list.length - 2)} more...` : shown;
}

function target(metric: Spec, status: Status | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return resource(metric.resource, status?.resource);
    case 'ContainerResource':
      return resource(metric.containerResource, status?.containerResource);
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? '<unknown>'}/${metric.pods?.target.averageValue ?? '0'}`;
    case 'External':
      return amount(metric.external?.target, status?.external?.current);
    case 'Object':
      return amount(metric.object?.target, status?.object?.current);
    default:
      return '<unknown type>';
  }
}

interface Amount {
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
}

function amount(wanted: Amount | undefined, current: Amount | undefined): string {
  if (wanted?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${wanted.averageValue} (avg)`;
  return `${current?.value ?? '<unknown>'}/${wanted?.value ?? '0'}`;
}

function resource(wanted: { name: string; target: Amount } | undefined, status: { current: Amount } | undefined): string {
  const { averageValue, averageUtilization } = wanted?.target ?? {};
  const label = wanted?.name ?? '';
  if (averageValue !== undefined) return `${label}: ${status?.current.averageValue ?? '<unknown>'}/${averageValue}`;
  const now = status?.current.averageUtilization;
  return `${label}: ${now === undefined ? '<unknown>' : `${String(now)}%`}/${averageUtilization === undefined ? '<auto>' : `${String(averageUtilization)}%`}`;
}

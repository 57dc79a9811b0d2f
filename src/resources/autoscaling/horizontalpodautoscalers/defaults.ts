/** pkg/apis/autoscaling/v2/defaults.go. */
import type { AutoscalingV2HorizontalPodAutoscaler as HorizontalPodAutoscaler } from '../../../api/generated/types.ts';

const cpuUtilization = 80;

export function defaultAutoscaler({ spec }: HorizontalPodAutoscaler): void {
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpuUtilization } } }];
  }
  if (spec.behavior === undefined) return;
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
  const pods = { type: 'Pods', value: 4, periodSeconds: 15 };
  spec.behavior.scaleUp = { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [pods, percent], ...spec.behavior.scaleUp };
  spec.behavior.scaleDown = { selectPolicy: 'Max', policies: [{ ...percent }], ...spec.behavior.scaleDown };
}

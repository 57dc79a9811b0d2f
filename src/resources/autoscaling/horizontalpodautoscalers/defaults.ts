/** pkg/apis/autoscaling/v2/defaults.go. */
import type { AutoscalingV2HorizontalPodAutoscaler as HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { asGiven } from '../../../api/schema/said-empty.ts';

const cpuUtilization = 80;

export function defaultAutoscaler({ spec }: HorizontalPodAutoscaler): void {
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpuUtilization } } }];
  }
  if (spec.behavior === undefined) return;
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
  const pods = { type: 'Pods', value: 4, periodSeconds: 15 };
  const { scaleUp, scaleDown } = spec.behavior;
  spec.behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    ...scaleUp,
    policies: policiesOf(scaleUp, [pods, percent]),
  };
  spec.behavior.scaleDown = { selectPolicy: 'Max', ...scaleDown, policies: policiesOf(scaleDown, [{ ...percent }]) };
}

type Rules = NonNullable<NonNullable<HorizontalPodAutoscaler['spec']['behavior']>['scaleUp']>;

/** None at all may be meant, which is wrong then. */
function policiesOf(rules: Rules | undefined, usual: NonNullable<Rules['policies']>): NonNullable<Rules['policies']> {
  return asGiven(rules, 'policies') ?? usual;
}

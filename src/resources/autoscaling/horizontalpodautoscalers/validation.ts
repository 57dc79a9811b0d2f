/** validateHorizontalPodAutoscalerSpec of pkg/apis/autoscaling/validation. */
import type { AutoscalingV2HorizontalPodAutoscaler as HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { nonNegative } from '../../shared/checks.ts';
import { metricsErrors } from './validate-metrics.ts';
import { referenceErrors } from './validate-reference.ts';

type Rules = NonNullable<NonNullable<HorizontalPodAutoscaler['spec']['behavior']>['scaleUp']>;

const maxWindowSeconds = 3600;
const maxPeriodSeconds = 1800;

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const at = path('spec');
  const { minReplicas, maxReplicas, scaleTargetRef, behavior } = spec;
  return [
    ...(minReplicas !== undefined && minReplicas < 1
      ? [invalid(at.child('minReplicas'), minReplicas, 'must be greater than or equal to 1')]
      : []),
    ...(maxReplicas === 0 ? [required(at.child('maxReplicas'), 'must be set and greater than 0')] : []),
    ...(maxReplicas < 0 ? [invalid(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to 1')] : []),
    ...(minReplicas !== undefined && maxReplicas < minReplicas
      ? [invalid(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`')]
      : []),
    ...referenceErrors(scaleTargetRef, at.child('scaleTargetRef'), scaleTargetRef.kind === 'ReplicationController'),
    ...metricsErrors(spec.metrics ?? [], at.child('metrics'), minReplicas),
    ...rulesErrors(behavior?.scaleUp, at.child('behavior', 'scaleUp')),
    ...rulesErrors(behavior?.scaleDown, at.child('behavior', 'scaleDown')),
  ];
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  const at = path('status');
  return [
    ...nonNegative(at.child('currentReplicas'), status.currentReplicas),
    ...nonNegative(at.child('desiredReplicas'), status.desiredReplicas),
  ];
}

function rulesErrors(rules: Rules | undefined, at: Path): FieldError[] {
  if (rules === undefined) return [];
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance } = rules;
  const selects = ['Disabled', 'Max', 'Min'];
  const own = at.child('stabilizationWindowSeconds');
  const faults: FieldError[] = [];
  if (window < 0) faults.push(invalid(own, window, 'must be greater than or equal to zero'));
  if (window > maxWindowSeconds) faults.push(invalid(own, window, `must be less than or equal to ${String(maxWindowSeconds)}`));
  if (selectPolicy !== undefined && !selects.includes(selectPolicy))
    faults.push(notSupported(at.child('selectPolicy'), selectPolicy, selects));
  if (policies.length === 0) faults.push(required(at.child('policies'), 'must specify at least one Policy'));
  faults.push(...policies.flatMap((policy, index) => policyErrors(policy, at.child('policies').index(index))));
  if (tolerance !== undefined && parseQuantity(tolerance).sign < 0)
    faults.push(invalid(at.child('tolerance'), tolerance, 'must be greater than or equal to 0'));
  return faults;
}

function policyErrors({ type, value, periodSeconds: period }: NonNullable<Rules['policies']>[number], at: Path): FieldError[] {
  const types = ['Percent', 'Pods'];
  const own = at.child('periodSeconds');
  return [
    ...(types.includes(type) ? [] : [notSupported(at.child('type'), type, types)]),
    ...(value <= 0 ? [invalid(at.child('value'), value, 'must be greater than zero')] : []),
    ...(period <= 0 ? [invalid(own, period, 'must be greater than zero')] : []),
    ...(period > maxPeriodSeconds ? [invalid(own, period, `must be less than or equal to ${String(maxPeriodSeconds)}`)] : []),
  ];
}

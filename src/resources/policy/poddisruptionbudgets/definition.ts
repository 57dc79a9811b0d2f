import type { PodDisruptionBudget } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { pathSegmentFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, integer, name, text } from '../../shared/columns.ts';
import { nonNegative, optionalOneOf } from '../../shared/checks.ts';
import { conditionListErrors } from '../../shared/condition-list.ts';
import { fromFacts } from '../../shared/facts.ts';
import { intOrPercentErrors } from '../../shared/int-or-percent.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';
import { specAndStatus } from '../../shared/strategy.ts';

const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;
const emptyStatus = () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 });

export const poddisruptionbudgets = define<PodDisruptionBudget>({
  ...fromFacts('policy', 'v1', 'poddisruptionbudgets'),
  strategy: {
    anyFinalizers: true,
    ...specAndStatus<PodDisruptionBudget>(emptyStatus),
    validate,
    validateUpdate: validate,
    validateName: pathSegmentFaults,
    validateStatusUpdate: ({ status }) => [
      ...conditionListErrors(status.conditions, path('status', 'conditions')),
      ...counts.flatMap((field) => nonNegative(path('status', field), status[field])),
    ],
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    text('Min Available', ({ spec }) => (spec.minAvailable === undefined ? 'N/A' : String(spec.minAvailable))),
    text('Max Unavailable', ({ spec }) => (spec.maxUnavailable === undefined ? 'N/A' : String(spec.maxUnavailable))),
    integer('Allowed Disruptions', ({ status }) => status.disruptionsAllowed),
    age,
  ],
});

/** ValidatePodDisruptionBudgetSpec (pkg/apis/policy/validation). */
function validate({ spec }: PodDisruptionBudget): FieldError[] {
  const at = path('spec');
  const { minAvailable, maxUnavailable } = spec;
  return [
    ...(minAvailable !== undefined && maxUnavailable !== undefined
      ? [invalid(at, inGo(spec), 'minAvailable and maxUnavailable cannot be both set')]
      : []),
    ...(minAvailable === undefined ? [] : intOrPercentErrors(minAvailable, at.child('minAvailable'), { atMost100: true })),
    ...(maxUnavailable === undefined ? [] : intOrPercentErrors(maxUnavailable, at.child('maxUnavailable'), { atMost100: true })),
    ...labelSelectorErrors(spec.selector, at.child('selector')),
    ...optionalOneOf(at.child('unhealthyPodEvictionPolicy'), spec.unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget']),
  ];
}

/** The spec as Go shows its own names. */
function inGo({ minAvailable, selector, maxUnavailable, unhealthyPodEvictionPolicy }: PodDisruptionBudget['spec']): unknown {
  return {
    MinAvailable: minAvailable ?? null,
    Selector: selector ?? null,
    MaxUnavailable: maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
  };
}

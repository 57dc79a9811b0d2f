import type { DaemonSet, LabelSelector } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { immutable, nonNegative } from '../../shared/checks.ts';
import { amountOf, intOrPercentErrors } from '../../shared/int-or-percent.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { alwaysRestartErrors, unselected, unusableSelector, validateTemplate } from '../../shared/pod/validate-template.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';
import { labelMatcher } from '../../../api/label-selector.ts';

const at = path('spec');
const template = at.child('template');

/** ValidateDaemonSetSpec of pkg/apis/apps/validation. */
export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  return [
    ...selectorErrors(spec),
    ...validateTemplate(spec.template, template),
    ...alwaysRestartErrors(spec.template, template, 'DaemonSet'),
    ...nonNegative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...strategyErrors(spec.updateStrategy ?? {}),
    ...nonNegative(at.child('revisionHistoryLimit'), spec.revisionHistoryLimit),
  ];
}

export function validateDaemonSetUpdate(set: DaemonSet, old: DaemonSet): FieldError[] {
  return [...immutable(at.child('selector'), set.spec.selector, old.spec.selector), ...validateDaemonSet(set)];
}

function selectorErrors(spec: DaemonSet['spec']): FieldError[] {
  const field = at.child('selector');
  const selector = (spec.selector as LabelSelector | null) ?? undefined;
  const faults = labelSelectorErrors(selector, field);
  const labels = spec.template.metadata?.labels;
  if (!unusableSelector(selector) && !labelMatcher(selector)(labels)) faults.push(unselected(spec.template, template));
  if (selector !== undefined && Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0)
    faults.push(invalid(field, selector, 'empty selector is invalid for daemonset'));
  return faults;
}

function strategyErrors(strategy: NonNullable<DaemonSet['spec']['updateStrategy']>): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const field = at.child('updateStrategy');
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate')
    return [notSupported(field, internalForm('apps.DaemonSetUpdateStrategy', strategy), ['RollingUpdate', 'OnDelete'])];
  const own = field.child('rollingUpdate');
  if (rollingUpdate === undefined) return [required(own)];
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  const faults = [
    ...intOrPercentErrors(maxUnavailable, own.child('maxUnavailable'), { atMost100: true }),
    ...intOrPercentErrors(maxSurge, own.child('maxSurge'), { atMost100: true }),
  ];
  const [unavailable, surge] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0];
  if (unavailable && surge) faults.push(invalid(own.child('maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (!unavailable && !surge) faults.push(required(own.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
  return faults;
}

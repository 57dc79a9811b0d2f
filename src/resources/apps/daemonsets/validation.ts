import type { DaemonSet } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { immutable, nonNegative } from '../../shared/checks.ts';
import { amountOf, intOrPercentErrors } from '../../shared/int-or-percent.ts';
import { workloadErrors } from '../../shared/pod/workload.ts';

const at = path('spec');

/** ValidateDaemonSetSpec of pkg/apis/apps/validation. */
export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  return [
    ...workloadErrors(spec, at, 'DaemonSet'),
    ...nonNegative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...strategyErrors(spec.updateStrategy ?? {}),
    ...nonNegative(at.child('revisionHistoryLimit'), spec.revisionHistoryLimit),
  ];
}

export function validateDaemonSetUpdate(set: DaemonSet, old: DaemonSet): FieldError[] {
  return [...validateDaemonSet(set), ...immutable(at.child('selector'), set.spec.selector, old.spec.selector)];
}

function strategyErrors({ type, rollingUpdate }: NonNullable<DaemonSet['spec']['updateStrategy']>): FieldError[] {
  const field = at.child('updateStrategy');
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') return [notSupported(field.child('type'), type, ['RollingUpdate', 'OnDelete'])];
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

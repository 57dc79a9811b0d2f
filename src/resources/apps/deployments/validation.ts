/** pkg/apis/apps/validation/validation.go. */
import type { Deployment } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { immutable, nonNegative } from '../../shared/checks.ts';
import { amountOf, intOrPercentErrors } from '../../shared/int-or-percent.ts';
import { workloadErrors } from '../../shared/pod/workload.ts';

const at = path('spec');

export function validateDeployment({ spec }: Deployment): FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  const faults = [
    ...nonNegative(at.child('replicas'), spec.replicas),
    ...workloadErrors(spec, at, 'ReplicaSet'),
    ...strategyErrors(spec.strategy ?? {}),
    ...nonNegative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...nonNegative(at.child('revisionHistoryLimit'), spec.revisionHistoryLimit),
    ...nonNegative(at.child('progressDeadlineSeconds'), deadline),
  ];
  if (deadline !== undefined && deadline <= minReadySeconds)
    faults.push(invalid(at.child('progressDeadlineSeconds'), deadline, 'must be greater than minReadySeconds'));
  return faults;
}

export function validateDeploymentUpdate(deployment: Deployment, old: Deployment): FieldError[] {
  return [...validateDeployment(deployment), ...immutable(at.child('selector'), deployment.spec.selector, old.spec.selector)];
}

function strategyErrors(strategy: NonNullable<Deployment['spec']['strategy']>): FieldError[] {
  const field = at.child('strategy');
  const { type, rollingUpdate } = strategy;
  if (type === 'Recreate') {
    return rollingUpdate === undefined
      ? []
      : [forbiddenField(field.child('rollingUpdate'), "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (type !== 'RollingUpdate')
    return [notSupported(field, internalForm('apps.DeploymentStrategy', strategy), ['Recreate', 'RollingUpdate'])];
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  const own = field.child('rollingUpdate');
  const faults = [
    ...intOrPercentErrors(maxUnavailable, own.child('maxUnavailable')),
    ...intOrPercentErrors(maxSurge, own.child('maxSurge')),
  ];
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0)
    faults.push(invalid(own.child('maxUnavailable'), maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  if (typeof maxUnavailable === 'string' && amountOf(maxUnavailable) > 100)
    faults.push(invalid(own.child('maxUnavailable'), maxUnavailable, 'must not be greater than 100%'));
  return faults;
}

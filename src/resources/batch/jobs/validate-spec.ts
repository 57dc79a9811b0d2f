/** The spec of a Job, alone and in CronJobs. validateJobSpec of pkg/apis/batch/validation/validation.go. */
import type { JobSpec } from '../../../api/generated/types.ts';
import { invalid, notSupported, required, tooLong, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { nonNegative } from '../../shared/checks.ts';
import { domainPrefixedPathErrors } from '../../shared/names.ts';
import { validateTemplate } from '../../shared/pod/validate-template.ts';
import { failurePolicyErrors, successPolicyErrors } from './validate-policies.ts';

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
] as const;
const maxIndexed = 100_000;
const maxWithManyIndexes = 10_000;
const maxManagedBy = 63;

export function jobSpecErrors(spec: JobSpec, field: Path): FieldError[] {
  const faults = counts.flatMap((name) => nonNegative(field.child(name), spec[name]));
  faults.push(...nonNegative(field.child('maxFailedIndexes'), spec.maxFailedIndexes));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    faults.push(required(field.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) {
    faults.push(...domainPrefixedPathErrors(field.child('managedBy'), spec.managedBy));
    if (Buffer.byteLength(spec.managedBy) > maxManagedBy) faults.push(tooLong(field.child('managedBy'), maxManagedBy));
  }
  faults.push(...completionErrors(spec, field), ...policyErrors(spec, field));
  return [...faults, ...validateTemplate(spec.template, field.child('template')), ...restartErrors(spec, field)];
}

function completionErrors(spec: JobSpec, field: Path): FieldError[] {
  const { completionMode, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const faults: FieldError[] = [];
  if (completionMode !== undefined && completionMode !== 'NonIndexed' && completionMode !== 'Indexed')
    faults.push(notSupported(field.child('completionMode'), completionMode, ['NonIndexed', 'Indexed']));
  if (completionMode === 'Indexed') faults.push(...indexedErrors(spec, field));
  if (completionMode !== undefined && completionMode !== 'NonIndexed') return faults;
  const why = 'requires indexed completion mode';
  if (backoffLimitPerIndex !== undefined) faults.push(invalid(field.child('backoffLimitPerIndex'), backoffLimitPerIndex, why));
  if (maxFailedIndexes !== undefined) faults.push(invalid(field.child('maxFailedIndexes'), maxFailedIndexes, why));
  return faults;
}

function indexedErrors({ completions, parallelism, maxFailedIndexes, backoffLimitPerIndex }: JobSpec, field: Path): FieldError[] {
  const faults: FieldError[] = [];
  const atMost = (name: string, value: number, why: string): void => {
    faults.push(invalid(field.child(name), value, `must be less than or equal to ${why}`));
  };
  if (completions === undefined) faults.push(required(field.child('completions'), 'when completion mode is Indexed'));
  if (parallelism !== undefined && parallelism > maxIndexed)
    atMost('parallelism', parallelism, `${String(maxIndexed)} when completion mode is Indexed`);
  if (maxFailedIndexes !== undefined && completions !== undefined && maxFailedIndexes > completions)
    atMost('maxFailedIndexes', maxFailedIndexes, 'completions');
  if (maxFailedIndexes !== undefined && maxFailedIndexes > maxIndexed) atMost('maxFailedIndexes', maxFailedIndexes, String(maxIndexed));
  if (completions === undefined || completions <= maxIndexed || backoffLimitPerIndex === undefined) return faults;
  if (maxFailedIndexes === undefined)
    faults.push(required(field.child('maxFailedIndexes'), `must be specified when completions is above ${String(maxIndexed)}`));
  const many = `${String(maxWithManyIndexes)} when completions are above ${String(maxIndexed)} and used with backoff limit per index`;
  if (parallelism !== undefined && parallelism > maxWithManyIndexes) atMost('parallelism', parallelism, many);
  if (maxFailedIndexes !== undefined && maxFailedIndexes > maxWithManyIndexes) atMost('maxFailedIndexes', maxFailedIndexes, many);
  return faults;
}

function policyErrors(spec: JobSpec, field: Path): FieldError[] {
  const faults = spec.podFailurePolicy === undefined ? [] : failurePolicyErrors(spec, field.child('podFailurePolicy'));
  if (spec.successPolicy !== undefined) {
    const own = field.child('successPolicy');
    if (spec.completionMode === 'Indexed') faults.push(...successPolicyErrors(spec, own));
    else faults.push(invalid(own, internalForm('batch.SuccessPolicy', spec.successPolicy), 'requires indexed completion mode'));
  }
  const replacements = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  const { podReplacementPolicy } = spec;
  if (podReplacementPolicy !== undefined && !replacements.includes(podReplacementPolicy))
    faults.push(notSupported(field.child('podReplacementPolicy'), podReplacementPolicy, replacements));
  return faults;
}

function restartErrors(spec: JobSpec, field: Path): FieldError[] {
  const own = field.child('template', 'spec', 'restartPolicy');
  const restartPolicy = spec.template.spec?.restartPolicy ?? '';
  if (restartPolicy === 'Always' || restartPolicy === '') return [required(own, 'valid values: "OnFailure", "Never"')];
  if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never') return [notSupported(own, restartPolicy, ['OnFailure', 'Never'])];
  if (spec.podFailurePolicy === undefined || restartPolicy === 'Never') return [];
  return [invalid(own, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified')];
}

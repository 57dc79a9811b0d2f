import type { ReplicaSet } from '../../../api/generated/types.ts';
import { path, type FieldError } from '../../../api/field-errors.ts';
import { immutable, nonNegative } from '../../shared/checks.ts';
import { workloadErrors } from '../../shared/pod/workload.ts';

const at = path('spec');

/** ValidateReplicaSetSpec of pkg/apis/apps/validation. */
export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  return [
    ...nonNegative(at.child('replicas'), spec.replicas),
    ...nonNegative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...workloadErrors(spec, at, 'ReplicaSet'),
  ];
}

export function validateReplicaSetUpdate(set: ReplicaSet, old: ReplicaSet): FieldError[] {
  return [...validateReplicaSet(set), ...immutable(at.child('selector'), set.spec.selector, old.spec.selector)];
}

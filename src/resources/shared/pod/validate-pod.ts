import type { Pod } from '../../../api/generated/types.ts';
import { forbiddenField, path, type FieldError } from '../../../api/field-errors.ts';
import { onlyForPods, validatePodSpec } from './validate-spec.ts';

const at = path('spec');

/** A pod's spec in full; metadata is the engine's. */
export function validatePod(pod: Pod): FieldError[] {
  return [...validatePodSpec(pod.spec, at), ...onlyForPods(pod.spec, at)];
}

/** ValidatePodCreate. */
export function validateNewPod(pod: Pod): FieldError[] {
  const faults = validatePod(pod);
  if ((pod.spec.ephemeralContainers ?? []).length > 0)
    faults.push(forbiddenField(at.child('ephemeralContainers'), 'cannot be set on create'));
  return faults;
}

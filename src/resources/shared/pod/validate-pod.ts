import type { Pod } from '../../../api/generated/types.ts';
import { path, type FieldError } from '../../../api/field-errors.ts';
import { validatePodSpec } from './validate-spec.ts';

/** ValidatePodCreate. */
export function validatePod(pod: Pod): FieldError[] {
  return validatePodSpec(pod.spec, path('spec'));
}

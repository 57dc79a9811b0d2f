import type { Pod } from '../../../api/generated/types.ts';
import type { FieldError } from '../../../api/field-errors.ts';
import { validatePod } from '../../shared/pod/validate-pod.ts';

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  void old;
  return validatePod(pod);
}
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  void old;
  return validatePod(pod);
}
export function validateResize(pod: Pod, old: Pod): FieldError[] {
  void old;
  return validatePod(pod);
}

import type { PodSpec } from '../../../api/generated/types.ts';
import type { FieldError, Path } from '../../../api/field-errors.ts';

export function validatePodSpec(spec: PodSpec, at: Path): FieldError[] {
  void spec;
  void at;
  return [];
}

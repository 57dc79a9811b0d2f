/** Small checks that many kinds' validation is made of. */
import { invalid, notSupported, required, type FieldError, type Path } from '../../api/field-errors.ts';
import { inGoOrder } from '../../api/internal-form.ts';
import { semanticEqual } from '../../api/json.ts';

export function nonNegative(at: Path, value: number | undefined): FieldError[] {
  return (value ?? 0) < 0 ? [invalid(at, value, 'must be greater than or equal to 0')] : [];
}

/** One of the supported values, which upstream lists in the order of the alphabet; required when empty. */
export function oneOf(at: Path, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (value === undefined || value === '') return [required(at)];
  return supported.includes(value) ? [] : [notSupported(at, value, supported)];
}

/** The same for a field that may be absent. */
export function optionalOneOf(at: Path, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(at, value, supported)];
}

export function immutable(at: Path, value: unknown, old: unknown): FieldError[] {
  return semanticEqual(value, old) ? [] : [invalid(at, inGoOrder(value), 'field is immutable')];
}

export function requiredText(at: Path, value: string | undefined, detail = ''): FieldError[] {
  return value === undefined || value === '' ? [required(at, detail)] : [];
}

import { invalid, type FieldError, type Path } from '../../api/field-errors.ts';
import { percentFaults } from '../../api/names.ts';
import { nonNegative } from './checks.ts';

/** ValidatePositiveIntOrPercent and IsNotMoreThan100Percent (pkg/apis/apps/validation). */
export function intOrPercentErrors(value: number | string, at: Path, { atMost100 = false } = {}): FieldError[] {
  if (typeof value === 'number') return nonNegative(at, value);
  const faults = percentFaults(value).map((fault) => invalid(at, value, fault));
  return faults.length === 0 && atMost100 && amountOf(value) > 100 ? [invalid(at, value, 'must not be greater than 100%')] : faults;
}

/** The number in `25%` or `3`. */
export function amountOf(value: number | string | undefined): number {
  return typeof value === 'number' ? value : Number.parseInt(value ?? '0', 10) || 0;
}

/** Rules of api/names.ts applied to a field. */
import { invalid, type FieldError, type Path } from '../../api/field-errors.ts';
import { labelValueFaults, portNameFaults, portNumberFaults, qualifiedNameFaults } from '../../api/names.ts';

/** The faults of a value at a path, as Invalid. */
export function checked(at: Path, value: string, faults: (value: string) => string[]): FieldError[] {
  return faults(value).map((fault) => invalid(at, value, fault));
}

/** A port's number or name. */
export function portOrNameErrors(at: Path, port: number | string | undefined): FieldError[] {
  if (typeof port === 'string') return checked(at, port, portNameFaults);
  return portNumberFaults(port ?? 0).map((fault) => invalid(at, port ?? 0, fault));
}

export function labelsErrors(at: Path, labels: Readonly<Record<string, string>> | undefined): FieldError[] {
  if (labels === undefined) return [];
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameFaults(key).map((fault) => invalid(at, key, fault)),
    ...labelValueFaults(value).map((fault) => invalid(at, value, fault)),
  ]);
}

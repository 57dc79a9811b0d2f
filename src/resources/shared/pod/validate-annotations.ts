import { tooLong, invalid, type FieldError, type Path } from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';

const totalLimit = 256 * 1024;

/** ValidateAnnotations of apimachinery pkg/api/validation. */
export function annotationErrors(at: Path, annotations: Readonly<Record<string, string>> | undefined): FieldError[] {
  if (annotations === undefined) return [];
  const entries = Object.entries(annotations);
  const faults = entries.flatMap(([key]) => qualifiedNameFaults(key.toLowerCase()).map((fault) => invalid(at, key, fault)));
  const total = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return total > totalLimit ? [...faults, tooLong(at, totalLimit)] : faults;
}

import { invalid, path, type FieldError } from '../../api/field-errors.ts';
import { nonNegative } from './checks.ts';

/** Counts in a workload's status: none below zero, none above replicas, no more available than ready. */
export function statusCountErrors(status: object, fields: readonly string[]): FieldError[] {
  const at = path('status');
  const counts = status as Readonly<Record<string, number | undefined>>;
  const replicas = counts['replicas'] ?? 0;
  const faults = ['observedGeneration', 'replicas', ...fields].flatMap((field) => nonNegative(at.child(field), counts[field]));
  for (const field of fields) {
    if ((counts[field] ?? 0) > replicas) faults.push(invalid(at.child(field), counts[field], 'cannot be greater than status.replicas'));
  }
  const available = counts['availableReplicas'] ?? 0;
  if (available > (counts['readyReplicas'] ?? 0))
    faults.push(invalid(at.child('availableReplicas'), available, 'cannot be greater than readyReplicas'));
  return faults;
}

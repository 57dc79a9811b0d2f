import { invalid, path, type FieldError } from '../../api/field-errors.ts';
import { nonNegative } from './checks.ts';

/** Inside upstream the number of replicas is no pointer: an empty object has none, and says so. */
export function noReplicas(object: { spec?: object }): void {
  object.spec = { ...object.spec, replicas: 0 };
}

export interface StatusCountRules {
  /** Counts that may not be above replicas. */
  readonly parts: readonly string[];
  /** Other counts. */
  readonly others?: readonly string[];
  /** How the text calls the count that available ones may not exceed. */
  readonly ready?: string;
}

type Counts = Readonly<Record<string, number | undefined>>;

/** Counts in a workload's status: none below zero, none above replicas, no more available than ready; collisions are never forgotten. */
export function statusCountErrors(
  status: object,
  old: object,
  { parts, others = [], ready = 'readyReplicas' }: StatusCountRules,
): FieldError[] {
  const at = path('status');
  const counts = status as Counts;
  const replicas = counts['replicas'] ?? 0;
  const all = ['observedGeneration', 'replicas', ...parts, ...others];
  const faults = all.flatMap((field) => nonNegative(at.child(field), counts[field]));
  for (const field of parts) {
    const value = counts[field] ?? 0;
    if (value > replicas) faults.push(invalid(at.child(field), value, 'cannot be greater than status.replicas'));
  }
  const available = counts['availableReplicas'] ?? 0;
  if (available > (counts['readyReplicas'] ?? 0))
    faults.push(invalid(at.child('availableReplicas'), available, `cannot be greater than ${ready}`));
  return [...faults, ...collisionErrors(status, old)];
}

/** The count of collisions does not go down. */
export function collisionErrors(status: object, old: object): FieldError[] {
  const [now, before] = [(status as Counts)['collisionCount'], (old as Counts)['collisionCount']];
  const isLess = before !== undefined && (now === undefined || now < before);
  return isLess ? [invalid(path('status', 'collisionCount'), now ?? 0, 'cannot be decremented')] : [];
}

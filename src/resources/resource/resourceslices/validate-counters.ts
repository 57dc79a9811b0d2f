import type * as t from '../../../api/generated/types.ts';
import { required, tooMany, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';

const maxCounters = 32;

/** A map of counters by name, in sets and in what devices take from them. */
export function countersErrors(counters: Readonly<Record<string, t.Counter>> | undefined, own: Path): FieldError[] {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) return [required(own)];
  if (names.length > maxCounters) return [tooMany(own, names.length, maxCounters)];
  return names.flatMap((name) => checked(own, name, dns1123LabelFaults));
}

/** Lists whose elements are checked one by one and must differ by a key (validateSet of pkg/apis/resource/validation). */
import { duplicate, tooMany, type FieldError, type Path } from '../../api/field-errors.ts';

export interface SetRules<T> {
  readonly max: number;
  readonly key: (item: T) => string;
  /** What a repeated element is shown as; default: its key. */
  readonly shown?: (item: T) => unknown;
  readonly check: (item: T, at: Path) => FieldError[];
}

/** A list that is too long is not looked into. */
export function setErrors<T>(list: readonly T[], at: Path, { max, key, check, shown = key }: SetRules<T>): FieldError[] {
  if (list.length > max) return [tooMany(at, list.length, max)];
  const seen = new Set<string>();
  return [
    ...list.flatMap((item, index) => check(item, at.index(index))),
    ...list.flatMap((item, index) => (seen.size < seen.add(key(item)).size ? [] : [duplicate(at.index(index), shown(item))])),
  ];
}

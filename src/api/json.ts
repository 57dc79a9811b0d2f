/** JSON values: copying and comparing. For values that came from JSON only: no cycles, no classes. */

/** Whether two values mean the same: order of keys does not count, an undefined member is an absent one. */
export { jsonEqual } from '../base/json-equal.ts';

/** A deep copy without undefined members; several times faster than structuredClone, which must care for cycles and classes. */
export function cloneJson<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    const copy = new Array<unknown>(list.length);
    for (let at = 0; at < list.length; at++) copy[at] = cloneJson(list[at]);
    return copy as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const item = value[key];
    if (item !== undefined) copy[key] = cloneJson(item);
  }
  return copy as T;
}

/** A JSON object, not a list and not null. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

const absent = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0);

/**
 * Whether two values mean the same to a Kubernetes API, where an empty list is as good as none (apimachinery
 * third_party/forked/golang/reflect, Equalities.DeepEqual: nil and empty slices and maps are equal). Empty maps and texts that say nothing
 * are dropped when objects are read; what is empty here lies behind a pointer, and that is something.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return absent(a) && absent(b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => semanticEqual(item, b[at]));
  if (Array.isArray(a) || Array.isArray(b)) return absent(a) && absent(b);
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!semanticEqual(left[key], right[key])) return false;
  for (const key in right) if (!(key in left) && !absent(right[key])) return false;
  return true;
}

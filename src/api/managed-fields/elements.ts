/** Keys of the elements of lists that are owned by element (structured-merge-diff typed/helpers.go). */
import type { FieldType, ListType } from './field-type.ts';
import { elementKey, valueKey } from './path-element.ts';

export type JsonMap = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value that its type does not allow, or that has no place in a set. The message names the path. */
export class FieldFault extends Error {}

/** The key of one element; throws a FieldFault when it has none. */
export function keyOfElement(list: ListType, element: unknown): string {
  if (list.keys.length === 0) return valueKey(scalarElement(element));
  if (element === null || element === undefined) throw new FieldFault('associative list with keys may not have a null element');
  if (!isMap(element)) throw new FieldFault('associative list with keys may not have non-map elements');
  const fields: [string, unknown][] = [];
  for (const key of list.keys) {
    const value = element[key] ?? list.keyDefaults[key];
    if (value !== undefined) fields.push([key, value]);
  }
  if (fields.length > 0) return elementKey(fields);
  const names = list.keys.map((key) => JSON.stringify(key)).join(' ');
  throw new FieldFault(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function scalarElement(element: unknown): unknown {
  if (Array.isArray(element)) throw new FieldFault('not supported: associative list with lists as elements');
  if (element === null || element === undefined)
    throw new FieldFault("associative list without keys has an element that's an explicit null");
  if (typeof element === 'object') throw new FieldFault("associative list without keys has an element that's a map type");
  return element;
}

/** Whether two elements have the same key, without making it. */
export function hasSameKey({ keys, keyDefaults }: ListType, a: unknown, b: unknown): boolean {
  if (keys.length === 0) return a === b;
  if (!isMap(a) || !isMap(b)) return false;
  for (const key of keys) if ((a[key] ?? keyDefaults[key]) !== (b[key] ?? keyDefaults[key])) return false;
  return true;
}

/** The list type when elements are owned one by one. */
export function ownedByElement({ list }: FieldType): ListType | undefined {
  return list === undefined || list.atomic ? undefined : list;
}

/** All elements by key, in order of first appearance. */
export function elementsByKey(list: ListType, elements: readonly unknown[]): Map<string, unknown[]> {
  const byKey = new Map<string, unknown[]>();
  for (const element of elements) {
    const key = keyOfElement(list, element);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [element]);
    else known.push(element);
  }
  return byKey;
}

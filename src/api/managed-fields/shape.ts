/**
 * Recognises objects that are made of the very same fields as one before, without writing their set: what created.ts says of the one it would
 * say of the other. Compiled once from an object; what has no simple answer has no shape.
 */
import { jsonEqual } from '../json.ts';
import { isMap, type JsonMap, ownedByElement } from './elements.ts';
import { type FieldEntry, type FieldType, isOmitted, type ListType, type MapType } from './field-type.ts';

/** What of the object was there before, and what is nobody's: as {@link CreatedFields} has it. */
export interface Surroundings {
  readonly empty: JsonMap;
  readonly ignored?: Readonly<Record<string, ReadonlySet<string>>>;
}

export type Shape = (value: unknown) => boolean;

/** Thrown inside for what has no shape. */
class Shapeless extends Error {}

/** undefined: it has none. */
export function shapeOf(map: MapType, object: JsonMap, around: Surroundings): Shape | undefined {
  try {
    return fieldsShape(map, object, around);
  } catch (error) {
    if (error instanceof Shapeless) return undefined;
    throw error;
  }
}

const anything: Shape = () => true;
const scalar: Shape = (value) => typeof value !== 'object' || value === null;
const list: Shape = (value) => Array.isArray(value);

function nodeShape(type: FieldType, value: unknown): Shape {
  if (typeof value !== 'object' || value === null) return scalar;
  if (Array.isArray(value)) {
    const byElement = ownedByElement(type);
    if (byElement === undefined) return list;
    return value.length === 0 ? (other) => Array.isArray(other) && other.length === 0 : elementsShape(byElement, value);
  }
  const { map } = type;
  return map === undefined || map.atomic ? isMap : fieldsShape(map, value as JsonMap, undefined);
}

function fieldsShape(map: MapType, value: JsonMap, around: Surroundings | undefined): Shape {
  const names: string[] = [];
  const shapes: Shape[] = [];
  for (const name in value) {
    names.push(name);
    shapes.push(map.fields.size === 0 ? keyShape(map, value[name]) : fieldShape(map, { name, inner: value[name] }, around));
  }
  return (other) => {
    if (!isMap(other)) return false;
    let at = 0;
    for (const name in other) {
      if (name !== names[at] || shapes[at]?.(other[name]) !== true) return false;
      at += 1;
    }
    return at === names.length;
  };
}

/** A key of the user's. */
function keyShape({ elements }: MapType, inner: unknown): Shape {
  if (inner === undefined) throw new Shapeless();
  if (elements === undefined) return (value) => value !== undefined;
  const shape = nodeShape(elements, inner);
  return (value) => value !== undefined && shape(value);
}

function fieldShape(
  map: MapType,
  { name, inner }: { readonly name: string; readonly inner: unknown },
  around: Surroundings | undefined,
): Shape {
  const entry = map.fields.get(name);
  if (entry === undefined || around?.ignored?.['']?.has(name) === true) return anything;
  if (inner === undefined) return (value) => value === undefined;
  if (isOmitted(entry, inner)) return (value) => value !== undefined && isOmitted(entry, value);
  const shape = around === undefined ? nodeShape(entry.type, inner) : changedShape(entry, { name, inner }, around);
  return entry.omitEmpty ? (value) => !isOmitted(entry, value) && shape(value) : (value) => value !== undefined && shape(value);
}

function changedShape(
  { type }: FieldEntry,
  { name, inner }: { readonly name: string; readonly inner: unknown },
  { empty, ignored }: Surroundings,
): Shape {
  const before = empty[name];
  if (before === undefined) return nodeShape(type, inner);
  if (type.map !== undefined && !type.map.atomic && isMap(before) && isMap(inner)) {
    const below = ignored?.[name];
    return fieldsShape(type.map, inner, { empty: before, ...(below === undefined ? {} : { ignored: { '': below } }) });
  }
  if (jsonEqual(before, inner)) return (value) => jsonEqual(before, value);
  const byElement = ownedByElement(type);
  if (before === null && byElement !== undefined && Array.isArray(inner) && inner.length > 0) return elementsShape(byElement, inner);
  const isWhole = byElement === undefined && (type.map === undefined || type.map.atomic);
  if (isWhole) return (value) => value !== undefined && !jsonEqual(before, value);
  if (typeof inner === 'object') throw new Shapeless();
  return (value) => scalar(value) && value !== null && !jsonEqual(before, value);
}

/** Elements with the same keys in the same order. */
function elementsShape({ keys, keyDefaults, items }: ListType, elements: readonly unknown[]): Shape {
  const keyOf = (element: unknown, key: string): unknown => (isMap(element) ? (element[key] ?? keyDefaults[key]) : undefined);
  const isScalar = keys.length === 0;
  const known = elements.map((element) => (isScalar ? [element] : keys.map((key) => keyOf(element, key))));
  if (known.flat().some((value) => typeof value === 'object' && value !== null)) throw new Shapeless();
  if (new Set(known.map((values) => JSON.stringify(values))).size < elements.length) throw new Shapeless();
  const shapes = isScalar ? [] : elements.map((element) => nodeShape(items, element));
  return (value) => {
    if (!Array.isArray(value) || value.length !== elements.length) return false;
    for (let at = 0; at < elements.length; at += 1) {
      const element: unknown = value[at];
      const wanted = known[at] ?? [];
      if (isScalar) {
        if (element !== wanted[0]) return false;
        continue;
      }
      if (!isMap(element)) return false;
      for (let index = 0; index < keys.length; index += 1) if (keyOf(element, keys[index] ?? '') !== wanted[index]) return false;
      if (shapes[at]?.(element) !== true) return false;
    }
    return true;
  };
}

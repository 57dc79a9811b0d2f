/** What changed between two objects, as sets of fields (structured-merge-diff typed/compare.go). */
import { jsonEqual } from '../json.ts';
import { elementsByKey, hasSameKey, isMap, type JsonMap, keyOfElement, ownedByElement } from './elements.ts';
import { isLeaf, type MaybeSet, member, NodeBuilder, type FieldSet } from './field-set.ts';
import { type FieldType, isOmitted, type ListType, type MapType } from './field-type.ts';
import { fieldKey } from './path-element.ts';

/** No field is in more than one of the three. */
export interface Comparison {
  readonly added: MaybeSet;
  readonly modified: MaybeSet;
  readonly removed: MaybeSet;
}

export const unchanged: Comparison = Object.freeze({ added: undefined, modified: undefined, removed: undefined });
const modifiedLeaf: Comparison = Object.freeze({ added: undefined, modified: member, removed: undefined });

/**
 * Values of one type; fields of the object itself that `ignored` names are left out. Parts that are the same object are not looked into.
 * Throws a FieldFault for elements without keys.
 */
export function compare(type: FieldType, old: unknown, next: unknown, ignored?: ReadonlySet<string>): Comparison {
  const { map } = type;
  if (ignored === undefined || map === undefined || !isMap(old) || !isMap(next)) return compareValues(type, old, next) ?? unchanged;
  return compareMaps(map, old, next, ignored) ?? unchanged;
}

/** Every field of a value that was not there before, itself included. */
function everyField(type: FieldType, value: unknown): FieldSet {
  if (typeof value !== 'object' || value === null) return member;
  if (Array.isArray(value)) {
    const list = ownedByElement(type);
    return list === undefined || value.length === 0 ? member : everyElement(list, value);
  }
  const { map } = type;
  if (map === undefined || map.atomic) return member;
  const node = new NodeBuilder(true);
  const fields = value as JsonMap;
  for (const name in fields) {
    const entry = map.fields.get(name);
    const inner = fields[name];
    if (entry !== undefined) {
      if (!isOmitted(entry, inner)) node.add(entry.key, everyField(entry.type, inner));
    } else if (map.elements !== undefined && inner !== undefined) node.add(fieldKey(name), everyField(map.elements, inner));
  }
  return node.build() ?? member;
}

function everyElement(list: ListType, elements: readonly unknown[]): FieldSet {
  const node = new NodeBuilder(true);
  const keys = elements.map((element) => keyOfElement(list, element));
  if (!hasRepeated(keys)) keys.forEach((key, at) => node.add(key, everyField(list.items, elements[at])));
  else for (const [key, same] of elementsByKey(list, elements)) node.add(key, same.length === 1 ? everyField(list.items, same[0]) : member);
  return node.build() ?? member;
}

/** Lists are short: comparing all with all costs less than a set. */
function hasRepeated(keys: readonly string[]): boolean {
  if (keys.length > 16) return new Set(keys).size < keys.length;
  for (let at = 1; at < keys.length; at++) if (keys.indexOf(keys[at] ?? '') < at) return true;
  return false;
}

/** Changes below one node, by key. */
class ChangesBuilder {
  #added: NodeBuilder | undefined;
  #modified: NodeBuilder | undefined;
  #removed: NodeBuilder | undefined;

  added(key: string, node: MaybeSet): void {
    if (node !== undefined) (this.#added ??= new NodeBuilder(false)).add(key, node);
  }
  modified(key: string, node: MaybeSet): void {
    if (node !== undefined) (this.#modified ??= new NodeBuilder(false)).add(key, node);
  }
  removed(key: string, node: MaybeSet): void {
    if (node !== undefined) (this.#removed ??= new NodeBuilder(false)).add(key, node);
  }
  take(key: string, inner: Comparison | undefined): void {
    if (inner === undefined) return;
    this.added(key, inner.added);
    this.modified(key, inner.modified);
    this.removed(key, inner.removed);
  }
  build(): Comparison | undefined {
    const [added, modified, removed] = [this.#added?.build(), this.#modified?.build(), this.#removed?.build()];
    return added === undefined && modified === undefined && removed === undefined ? undefined : { added, modified, removed };
  }
}

/** Both are there (null is). undefined: nothing changed. */
function compareValues(type: FieldType, old: unknown, next: unknown): Comparison | undefined {
  if (old === next) return undefined;
  if (typeof old !== 'object' && typeof next !== 'object') return modifiedLeaf;
  const { map } = type;
  // Nothing is not the same as empty.
  if (isNothing(old) && isNothing(next)) return jsonEqual(old, next) ? undefined : modifiedLeaf;
  if (map !== undefined && !map.atomic) {
    if (isMapOrNull(old) && isMapOrNull(next)) return compareMaps(map, old ?? {}, next ?? {}, undefined);
    if ((isMap(old) || isMap(next)) && type.scalar !== undefined) return changedKind(type, old, next);
  }
  const list = ownedByElement(type);
  if (list !== undefined && isListOrNull(old) && isListOrNull(next)) return compareLists(list, old ?? [], next ?? []);
  return jsonEqual(old, next) ? undefined : modifiedLeaf;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isMapOrNull = (value: unknown): value is JsonMap | null => value === null || isMap(value);
const isListOrNull = (value: unknown): value is readonly unknown[] | null => value === null || Array.isArray(value);
const isEmpty = (value: JsonMap): boolean => isLeaf(value as FieldSet);

const isNothing = (value: unknown): boolean => value === null || (typeof value === 'object' && isLeaf(value as FieldSet));

/** A value of no fixed type that was a map and is none any more, or the other way. */
function changedKind(type: FieldType, old: unknown, next: unknown): Comparison {
  const fieldsOf = (value: unknown): MaybeSet => {
    if (!isMap(value) || isEmpty(value)) return undefined;
    const { '.': _self, ...fields } = everyField(type, value);
    return fields;
  };
  return { added: fieldsOf(next), modified: member, removed: fieldsOf(old) };
}

function compareMaps(
  { fields, elements }: MapType,
  old: JsonMap,
  next: JsonMap,
  ignored: ReadonlySet<string> | undefined,
): Comparison | undefined {
  let changes: ChangesBuilder | undefined;
  for (const name in next) {
    const [left, right] = [old[name], next[name]];
    if (left === right || ignored?.has(name) === true || (isObject(left) && isObject(right) && jsonEqual(left, right))) continue;
    const entry = fields.get(name);
    const type = entry === undefined ? elements : entry.type;
    if (type === undefined) continue;
    const key = entry === undefined ? fieldKey(name) : entry.key;
    const isThere = right !== undefined && (entry === undefined || !isOmitted(entry, right));
    const was = left !== undefined && (entry === undefined || !isOmitted(entry, left));
    if (isThere && was) {
      const inner = compareValues(type, left, right);
      if (inner !== undefined) (changes ??= new ChangesBuilder()).take(key, inner);
    } else if (isThere) (changes ??= new ChangesBuilder()).added(key, everyField(type, right));
    else if (was) (changes ??= new ChangesBuilder()).removed(key, everyField(type, left));
  }
  for (const name in old) {
    const left = old[name];
    if (left === undefined || name in next || ignored?.has(name) === true) continue;
    const entry = fields.get(name);
    const type = entry === undefined ? elements : entry.type;
    if (type === undefined || (entry !== undefined && isOmitted(entry, left))) continue;
    (changes ??= new ChangesBuilder()).removed(entry === undefined ? fieldKey(name) : entry.key, everyField(type, left));
  }
  return changes?.build();
}

function compareLists(list: ListType, old: readonly unknown[], next: readonly unknown[]): Comparison | undefined {
  const aligned = compareAligned(list, old, next);
  if (aligned !== 'differently placed') return aligned;
  const changes = new ChangesBuilder();
  const [left, right] = [elementsByKey(list, old), elementsByKey(list, next)];
  for (const [key, was] of left) compareElements(list, { key, was, is: right.get(key) ?? [] }, changes);
  for (const [key, is] of right) if (!left.has(key)) compareElements(list, { key, was: [], is }, changes);
  return changes.build();
}

/** The usual case: the same elements in the same places, each once. */
function compareAligned(list: ListType, old: readonly unknown[], next: readonly unknown[]): Comparison | undefined | 'differently placed' {
  if (old.length !== next.length) return 'differently placed';
  let changes: ChangesBuilder | undefined;
  for (let at = 0; at < old.length; at++) {
    const [left, right] = [old[at], next[at]];
    if (left === right) continue;
    if (!hasSameKey(list, left, right)) return 'differently placed';
    const inner = compareValues(list.items, left, right);
    if (inner === undefined) continue;
    if (changes === undefined && old.length > 1 && elementsByKey(list, next).size !== next.length) return 'differently placed';
    (changes ??= new ChangesBuilder()).take(keyOfElement(list, right), inner);
  }
  return changes?.build();
}

interface SameKey {
  readonly key: string;
  readonly was: readonly unknown[];
  readonly is: readonly unknown[];
}

/** Elements that share a key are owned together, as one leaf: the mark itself may then be removed and added at once, as upstream has it. */
function compareElements({ items }: ListType, { key, was, is }: SameKey, changes: ChangesBuilder): void {
  if (was.length === 1 && is.length === 1) changes.take(key, compareValues(items, was[0], is[0]));
  else if (was.length > 1 && is.length > 1) changes.modified(key, jsonEqual(was, is) ? undefined : member);
  else if (was.length <= 1 && is.length <= 1) {
    if (is.length === 1) changes.added(key, everyField(items, is[0]));
    else changes.removed(key, everyField(items, was[0]));
  } else if (was.length > 1) {
    changes.removed(key, member);
    if (is.length === 1) changes.added(key, everyField(items, is[0]));
  } else {
    changes.added(key, member);
    if (was.length === 1) changes.removed(key, everyField(items, was[0]));
  }
}

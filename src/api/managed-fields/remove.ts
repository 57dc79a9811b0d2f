/** Takes fields out of a value (structured-merge-diff typed/remove.go), and what a set owns by owning what is below (fieldpath/set.go). */
import { isMap, type JsonMap, keyOfElement, ownedByElement } from './elements.ts';
import { type FieldSet, isLeaf, type MaybeSet, member } from './field-set.ts';
import type { FieldType, ListType, MapType } from './field-type.ts';
import { fieldKey } from './path-element.ts';

/** A value without the members of `items`; a list or map that loses everything becomes null. Shares what stays. */
export function removeFields(type: FieldType, value: unknown, items: MaybeSet): unknown {
  if (items === undefined) return value;
  if (Array.isArray(value)) {
    const list = ownedByElement(type);
    return list === undefined || value.length === 0 ? null : removeElements(list, value, items);
  }
  if (!isMap(value)) return value;
  const { map } = type;
  return map === undefined || map.atomic || isLeaf(value as FieldSet) ? null : removeKeys(map, value, items);
}

function removeElements(list: ListType, elements: readonly unknown[], items: FieldSet): unknown {
  const kept: unknown[] = [];
  for (const element of elements) {
    const node = items[keyOfElement(list, element)];
    if (node === undefined) kept.push(element);
    else if (!isMember(node)) kept.push(removeFields(list.items, element, node));
  }
  return kept.length === 0 ? null : kept;
}

function removeKeys({ fields, elements }: MapType, value: JsonMap, items: FieldSet): unknown {
  const kept: Record<string, unknown> = {};
  for (const name in value) {
    const node = items[fieldKey(name)];
    const type = fields.get(name)?.type ?? elements;
    if (node === undefined || type === undefined) kept[name] = value[name];
    else if (!isMember(node)) kept[name] = removeFields(type, value[name], node);
  }
  return isLeaf(kept as FieldSet) ? null : kept;
}

const isMember = (node: FieldSet): boolean => node['.'] !== undefined || isLeaf(node);

/** The set with every declared field a member that has members below it. */
export function withNamedFields(type: FieldType | undefined, set: MaybeSet): MaybeSet {
  if (set === undefined) return undefined;
  const result: Record<string, FieldSet> = {};
  for (const key in set) {
    const node = set[key] ?? member;
    result[key] = key === '.' || isLeaf(node) ? node : named(type, key, node);
  }
  return result;
}

function named(type: FieldType | undefined, key: string, node: FieldSet): FieldSet {
  const entry = key.startsWith('f:') ? type?.map?.fields.get(key.slice(2)) : undefined;
  const inner = key.startsWith('f:') ? (entry?.type ?? type?.map?.elements) : key.startsWith('k:') ? type?.list?.items : undefined;
  const result = withNamedFields(inner, node) ?? member;
  return entry === undefined || result['.'] !== undefined ? result : { '.': member, ...result };
}

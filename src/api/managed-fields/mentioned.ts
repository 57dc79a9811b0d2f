/** Which fields a value mentions: what an applied configuration owns (structured-merge-diff typed/tofieldset.go). */
import { elementsByKey, isMap, type JsonMap, ownedByElement } from './elements.ts';
import { isLeaf, type MaybeSet, member, NodeBuilder, type FieldSet } from './field-set.ts';
import type { FieldType, ListType, MapType } from './field-type.ts';
import { fieldKey } from './path-element.ts';

/** Leaves, elements of lists and keys of maps; structs and lists are not members themselves. Throws a FieldFault. */
export function mentionedFields(type: FieldType, value: unknown): MaybeSet {
  const node = mentioned(type, value);
  return node === undefined || isLeaf(node) ? undefined : node;
}

/** The node of a value: a member when it is a leaf. */
function mentioned(type: FieldType, value: unknown): MaybeSet {
  if (Array.isArray(value) || (value === null && type.list !== undefined)) {
    const list = ownedByElement(type);
    if (list === undefined) return member;
    return value === null ? undefined : mentionedElements(list, value);
  }
  if (isMap(value) || (value === null && type.map !== undefined)) {
    const { map } = type;
    if (map === undefined || map.atomic) return member;
    return value === null ? undefined : mentionedInMap(map, value);
  }
  return member;
}

function mentionedElements(list: ListType, elements: readonly unknown[]): MaybeSet {
  const node = new NodeBuilder(false);
  for (const [key, same] of elementsByKey(list, elements)) {
    const inner = same.length === 1 ? mentioned(list.items, same[0]) : undefined;
    node.add(key, asMember(inner));
  }
  return node.build();
}

function mentionedInMap({ fields, elements }: MapType, value: JsonMap): MaybeSet {
  const node = new NodeBuilder(false);
  for (const name in value) {
    const inner = value[name];
    const entry = fields.get(name);
    const type = entry === undefined ? elements : entry.type;
    if (type === undefined || inner === undefined) continue;
    const found = mentioned(type, inner);
    const isItself = entry === undefined || inner === null || (isMap(inner) && isLeaf(inner as FieldSet));
    const result = isItself ? asMember(found) : found;
    if (result !== undefined) node.add(entry === undefined ? fieldKey(name) : entry.key, result);
  }
  return node.build();
}

function asMember(node: MaybeSet): FieldSet {
  return node === undefined || isLeaf(node) ? member : node['.'] === undefined ? { '.': member, ...node } : node;
}

/**
 * The fields of an object that is created, which is what compare says of the kind's empty object and the new one. This runs for every object
 * made: it writes the set as text, and objects of one shape share the set that the text stands for.
 */
import { isMap, type JsonMap, keyOfElement, ownedByElement } from './elements.ts';
import type { FieldSet, MaybeSet } from './field-set.ts';
import { type FieldEntry, type FieldType, isOmitted, type ListType, type MapType } from './field-type.ts';
import { compareKeys, fieldKey } from './path-element.ts';
import { type Shape, shapeOf, type Surroundings } from './shape.ts';
import { rememberText } from './text.ts';
import { RecentMap } from '../../base/recent-map.ts';
import { jsonEqual } from '../json.ts';
import { deepFreeze } from '../object.ts';

/** Sets that are kept for the next object with the same fields, and how long their text may be. */
const maxSets = 512;
const maxText = 8192;
/** Shapes an object is held against, one after the other. */
const maxShapes = 8;

const leaf = '{}';

export class CreatedFields {
  readonly #sets = new RecentMap<string, FieldSet>(maxSets);
  /** The shapes of the last objects with their sets, the newest first. */
  readonly #shapes: { readonly shape: Shape; readonly set: FieldSet }[] = [];
  readonly #map: MapType | undefined;
  readonly #empty: JsonMap;
  /** Names by the field that holds them; '' for the object itself. */
  readonly #ignored: Readonly<Record<string, ReadonlySet<string>>>;

  constructor(type: FieldType, empty: unknown, ignored: Readonly<Record<string, ReadonlySet<string>>>) {
    this.#map = type.map;
    this.#empty = isMap(empty) ? empty : {};
    this.#ignored = ignored;
  }

  /** The set of a complete object; throws a FieldFault for elements of lists without keys. */
  of(object: JsonMap): MaybeSet {
    if (this.#map === undefined) return undefined;
    const known = this.#known(object);
    if (known !== undefined) return known;
    const context = { empty: this.#empty, ignored: this.#ignored };
    const text = fieldsText(this.#map, object, context);
    if (text === '') return undefined;
    if (text.length > maxText) return JSON.parse(text) as FieldSet;
    let set = this.#sets.get(text);
    if (set === undefined) {
      set = deepFreeze(JSON.parse(text) as FieldSet);
      this.#sets.set(text, set);
      rememberText(set, text);
      // A shape is worth making for fields that come again.
      return set;
    }
    const shape = shapeOf(this.#map, object, context);
    if (shape !== undefined) this.#shapes.unshift({ shape, set });
    if (this.#shapes.length > maxShapes) this.#shapes.pop();
    return set;
  }

  #known(object: JsonMap): FieldSet | undefined {
    const shapes = this.#shapes;
    for (let at = 0; at < shapes.length; at += 1) {
      const known = shapes[at];
      if (known?.shape(object) !== true) continue;
      if (at > 0) {
        shapes.splice(at, 1);
        shapes.unshift(known);
      }
      return known.set;
    }
    return undefined;
  }
}

const textKey = (key: string): string => `${JSON.stringify(key)}:`;

/** The node of a value that was not there before: itself and all below it. */
function nodeText(type: FieldType, value: unknown): string {
  if (typeof value !== 'object' || value === null) return leaf;
  if (Array.isArray(value)) {
    const list = ownedByElement(type);
    return list === undefined || value.length === 0 ? leaf : elementsText(list, value);
  }
  const { map } = type;
  if (map === undefined || map.atomic) return leaf;
  return fieldsText(map, value as JsonMap, undefined);
}

/** Without context the node itself is new; with it only what the empty object has not; '' for nothing. */
function fieldsText(map: MapType, value: JsonMap, context: Surroundings | undefined): string {
  if (map.fields.size === 0) return keysText(map, value, context === undefined);
  const orders: number[] = [];
  const texts: string[] = [];
  const skipped = context?.ignored?.[''];
  for (const name in value) {
    const entry = map.fields.get(name);
    const inner = value[name];
    if (entry === undefined || inner === undefined || isOmitted(entry, inner) || skipped?.has(name) === true) continue;
    const text = context === undefined ? nodeText(entry.type, inner) : changedText({ entry, name, inner }, context);
    if (text === '') continue;
    let at = orders.length;
    for (; at > 0 && (orders[at - 1] ?? 0) > entry.order; at--) {
      orders[at] = orders[at - 1] ?? 0;
      texts[at] = texts[at - 1] ?? '';
    }
    orders[at] = entry.order;
    texts[at] = text === leaf ? entry.leafText : entry.keyText + text;
  }
  return joined(texts, context === undefined);
}

function joined(texts: readonly string[], isNew: boolean): string {
  if (texts.length === 0) return isNew ? leaf : '';
  let text = isNew ? '{".":{}' : '';
  for (const part of texts) text += text === '' ? `{${part}` : `,${part}`;
  return `${text}}`;
}

interface Inner {
  readonly entry: FieldEntry;
  readonly name: string;
  readonly inner: unknown;
}

/** The text of a field below the empty object. */
function changedText({ entry, name, inner }: Inner, { empty, ignored }: Surroundings): string {
  const before = empty[name];
  if (before === undefined) return nodeText(entry.type, inner);
  const { map } = entry.type;
  if (map !== undefined && !map.atomic && isMap(before) && isMap(inner)) {
    const below = ignored?.[name];
    return fieldsText(map, inner, { empty: before, ...(below === undefined ? {} : { ignored: { '': below } }) });
  }
  if (jsonEqual(before, inner)) return '';
  const list = ownedByElement(entry.type);
  if (before === null && list !== undefined && Array.isArray(inner) && inner.length > 0) return elementsText(list, inner, false);
  return leaf;
}

/** A map with keys of the user's. */
function keysText({ elements }: MapType, value: JsonMap, isNew: boolean): string {
  if (elements === undefined) return isNew ? leaf : '';
  const names = Object.keys(value);
  if (names.length > 1) names.sort();
  const texts: string[] = [];
  for (const name of names) if (value[name] !== undefined) texts.push(textKey(fieldKey(name)) + nodeText(elements, value[name]));
  return joined(texts, isNew);
}

function elementsText(list: ListType, elements: readonly unknown[], isNew = true): string {
  const keys: string[] = [];
  const values = new Map<string, unknown>();
  for (const element of elements) {
    const key = keyOfElement(list, element);
    // Elements that share a key are owned as one.
    if (values.has(key)) values.set(key, undefined);
    else {
      values.set(key, element);
      keys.push(key);
    }
  }
  if (keys.length > 1) keys.sort(compareKeys);
  return joined(
    keys.map((key) => {
      const value = values.get(key);
      return textKey(key) + (value === undefined ? leaf : nodeText(list.items, value));
    }),
    isNew,
  );
}

/**
 * The type of a value as managed fields see it (sigs.k8s.io/structured-merge-diff schema.Atom): what may stand there and how its parts are
 * owned. Built-in kinds make it of their schema (schema-types.ts); custom resources can make it of theirs.
 */

import { fieldKey } from './path-element.ts';

export type Scalar = 'numeric' | 'string' | 'boolean' | 'untyped';

/** At least one of the three; deduced values may be any. */
export interface FieldType {
  readonly scalar: Scalar | undefined;
  readonly list: ListType | undefined;
  readonly map: MapType | undefined;
}

export interface ListType {
  /** Owned as a whole; otherwise by element: by its keys, or, when there are none, by its value. */
  readonly atomic: boolean;
  /** In alphabetical order. */
  readonly keys: readonly string[];
  readonly keyDefaults: Readonly<Record<string, unknown>>;
  readonly items: FieldType;
}

export interface MapType {
  /** Owned as a whole. */
  readonly atomic: boolean;
  /** Declared fields. */
  readonly fields: ReadonlyMap<string, FieldEntry>;
  /** What keys that are not declared hold; undefined: there may be none. */
  readonly elements: FieldType | undefined;
}

export interface FieldEntry {
  /** `f:NAME`. */
  readonly key: string;
  /** The place of the name among all names of the map, in alphabetical order. */
  readonly order: number;
  /** The key as JSON text with its colon, and the same with a leaf. */
  readonly keyText: string;
  readonly leafText: string;
  readonly type: FieldType;
  /** Go leaves the field out of JSON when it is empty: then it is as good as absent. */
  readonly omitEmpty: boolean;
}

const noFields: ReadonlyMap<string, FieldEntry> = new Map();

export const scalarOf = (scalar: Scalar): FieldType => ({ scalar, list: undefined, map: undefined });

/** Anything, owned as a whole (RawExtension). */
export const untyped: FieldType = {
  scalar: 'untyped',
  get list() {
    return { atomic: true, keys: [], keyDefaults: {}, items: untyped };
  },
  get map() {
    return { atomic: true, fields: noFields, elements: untyped };
  },
};

/** Anything; maps are owned by key, lists as a whole. */
export const deduced: FieldType = {
  scalar: 'untyped',
  get list() {
    return { atomic: true, keys: [], keyDefaults: {}, items: untyped };
  },
  get map() {
    return { atomic: false, fields: noFields, elements: deduced };
  },
};

/** A map with keys of the user's. */
export const mapOf = (elements: FieldType, atomic = false): FieldType => ({
  scalar: undefined,
  list: undefined,
  map: { atomic, fields: noFields, elements },
});

/** The entries of a map, from what they hold. */
export function entriesOf(fields: ReadonlyMap<string, Pick<FieldEntry, 'type' | 'omitEmpty'>>): ReadonlyMap<string, FieldEntry> {
  const names = [...fields.keys()].sort();
  const entries = new Map<string, FieldEntry>();
  for (const [name, field] of fields) {
    const key = fieldKey(name);
    const keyText = `${JSON.stringify(key)}:`;
    entries.set(name, { ...field, key, keyText, leafText: `${keyText}{}`, order: names.indexOf(name) });
  }
  return entries;
}

/** Whether a declared field's value is one that Go would not have written. */
export function isOmitted(entry: FieldEntry, value: unknown): boolean {
  if (value === undefined || !entry.omitEmpty) return value === undefined;
  if (typeof value !== 'object' || value === null) return value === '' || value === 0 || value === false;
  for (const _key in value) return false;
  return true;
}

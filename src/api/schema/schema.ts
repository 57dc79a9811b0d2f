/**
 * What the program knows of a kind's fields at run time. Built-in kinds come from the facts (facts.ts); custom resources can build the
 * same values from their own schema. Everything that walks an object by its type (decoding, patches, apply, protobuf) goes through here.
 */

export type SchemaType =
  | 'struct'
  | 'map'
  | 'list'
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  /** base64 text of bytes */
  | 'bytes'
  | 'quantity'
  | 'int-or-string'
  | 'time'
  | 'micro-time'
  | 'duration'
  /** Any JSON object, kept as it is (RawExtension, FieldsV1). */
  | 'raw'
  /** Any JSON value, kept as it is. */
  | 'any';

export interface Schema {
  readonly type: SchemaType;
  /** The definition's name for structs (`io.k8s.api.core.v1.Pod`), '' otherwise. */
  readonly name: string;
  /** The type as Go prints it in error texts, without pointer: `v1.PodSpec`, `[]v1.Container`, `int32`. */
  readonly goType: string;
  /** Of structs: by JSON name. Empty for all other types. */
  readonly fields: ReadonlyMap<string, Field>;
  /** Of lists: the elements; of maps: the values. */
  readonly items: Schema | undefined;
  readonly bits: 32 | 64;
}

/** A struct's field: its value's schema, and what the struct says about it. */
export interface Field {
  readonly name: string;
  readonly schema: Schema;
  /** Left out of the JSON when empty ('' 0 false [] {}); pointers only when absent. */
  readonly omitEmpty: boolean;
  /** Left out when it is the zero value of its struct type. */
  readonly omitZero: boolean;
  readonly pointer: boolean;
  readonly required: boolean;
  /** The Go structs embedded on the way, as error texts name them: `ProbeHandler`. '' for an own field. */
  readonly embedded: string;
  /** Protobuf field number (0: none) and the numbers of the embedded messages to go through first. */
  readonly number: number;
  readonly embeddedNumbers: readonly number[];
  /** x-kubernetes-list-type; lists without one are atomic. */
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  /** x-kubernetes-map-type of the field or of the struct it holds; without one granular. */
  readonly mapType: 'atomic' | 'granular' | undefined;
  /** x-kubernetes-patch-merge-key: lists of structs that strategic merge patches merge by this key. */
  readonly patchMergeKey: string | undefined;
  /** x-kubernetes-patch-strategy: any of merge, replace, retainKeys. */
  readonly patchStrategy: readonly string[];
  /** The default that the schema states; undefined when none. */
  readonly default: unknown;
}

/** The field of a struct. undefined: unknown field, or not a struct. */
export function child(schema: Schema, fieldName: string): Field | undefined {
  return schema.fields.get(fieldName);
}

/** The elements of a list, the values of a map. */
export function items(schema: Schema): Schema | undefined {
  return schema.items;
}

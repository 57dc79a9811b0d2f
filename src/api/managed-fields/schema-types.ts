/** Types for managed fields of the built-in kinds, from their schema (k8s.io/kube-openapi pkg/schemaconv/openapi.go). */
import { definitions } from '../schema/facts.ts';
import type { Field, Schema } from '../schema/schema.ts';
import {
  deduced,
  entriesOf,
  type FieldEntry,
  type FieldType,
  type ListType,
  mapOf,
  type MapType,
  scalarOf,
  untyped,
} from './field-type.ts';

const rawExtension = 'io.k8s.apimachinery.pkg.runtime.RawExtension';

/** Defaults of keys that may be left out; the document of version 2, which our facts are, does not have them. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: 'TCP' };
const localReference = 'io.k8s.api.core.v1.LocalObjectReference';
/** Keys that Go always writes have their zero value as default. */
const zeros: Readonly<Partial<Record<Schema['type'], unknown>>> = { string: '', integer: 0, boolean: false };

const types = new WeakMap<Schema, FieldType>();
const atomicTypes = new WeakMap<Schema, FieldType>();

/** The same value for the same schema. */
export function typeOfSchema(schema: Schema, mapType?: 'atomic' | 'granular'): FieldType {
  const atomic = (mapType ?? definitions()[schema.name]?.['x-kubernetes-map-type']) === 'atomic';
  const known = atomic ? atomicTypes : types;
  let type = known.get(schema);
  if (type === undefined) {
    type = make(schema, atomic);
    known.set(schema, type);
  }
  return type;
}

function make(schema: Schema, atomic: boolean): FieldType {
  switch (schema.type) {
    case 'struct':
      return new StructType(schema, atomic);
    case 'map':
      return mapOf(schema.items === undefined ? deduced : typeOfSchema(schema.items), atomic);
    case 'list':
      return listOf(schema, { atomic: true, keys: [] });
    case 'integer':
    case 'number':
      return scalarOf('numeric');
    case 'boolean':
      return scalarOf('boolean');
    case 'string':
    case 'bytes':
    case 'duration':
      return scalarOf('string');
    case 'raw':
      return schema.name === rawExtension ? untyped : mapOf(deduced, atomic);
    case 'any':
      return deduced;
    default:
      return scalarOf('untyped');
  }
}

/** A struct's fields are worked out on first use: types may contain themselves. */
class StructType implements FieldType {
  readonly scalar = undefined;
  readonly list = undefined;
  readonly #schema: Schema;
  readonly #atomic: boolean;
  #map: MapType | undefined;

  constructor(schema: Schema, atomic: boolean) {
    this.#schema = schema;
    this.#atomic = atomic;
  }

  get map(): MapType {
    return (this.#map ??= { atomic: this.#atomic, fields: fieldsOf(this.#schema), elements: undefined });
  }
}

function fieldsOf(schema: Schema): ReadonlyMap<string, FieldEntry> {
  const fields = new Map<string, Pick<FieldEntry, 'type' | 'omitEmpty'>>();
  for (const [name, field] of schema.fields) {
    fields.set(name, { type: typeOfField(field), omitEmpty: omitsEmpty(field) });
  }
  return entriesOf(fields);
}

function omitsEmpty({ omitEmpty, omitZero, pointer, schema }: Field): boolean {
  return !pointer && (omitEmpty || omitZero) && !structs.has(schema.type);
}

/** Structs in Go: always written. */
const structs: ReadonlySet<Schema['type']> = new Set(['struct', 'quantity', 'int-or-string', 'time', 'micro-time', 'duration', 'raw']);

function typeOfField(field: Field): FieldType {
  if (field.schema.type === 'list') return listOf(field.schema, listRules(field));
  return typeOfSchema(field.schema, field.mapType);
}

/** x-kubernetes-list-type, or what strategic merge patches do where there is none. */
function listRules({ listType, listMapKeys, patchStrategy, patchMergeKey }: Field): Pick<ListType, 'atomic' | 'keys'> {
  if (listType !== undefined) return { atomic: listType === 'atomic', keys: listType === 'map' ? [...listMapKeys].sort() : [] };
  if (!patchStrategy.includes('merge')) return { atomic: true, keys: [] };
  return { atomic: false, keys: patchMergeKey === undefined ? [] : [patchMergeKey] };
}

function defaultOf(key: string, items: Schema | undefined): unknown {
  const field = items?.fields.get(key);
  if (items?.name === localReference && key === 'name') return '';
  if (field === undefined || field.omitEmpty || field.pointer) return field === undefined ? undefined : keyDefaults[key];
  return zeros[field.schema.type];
}

function listOf(schema: Schema, rules: Pick<ListType, 'atomic' | 'keys'>): FieldType {
  const { items } = schema;
  let made: FieldType | undefined;
  return {
    scalar: undefined,
    map: undefined,
    list: {
      ...rules,
      keyDefaults: Object.fromEntries(rules.keys.map((key) => [key, defaultOf(key, items)])),
      get items() {
        return (made ??= items === undefined ? untyped : typeOfSchema(items));
      },
    },
  };
}

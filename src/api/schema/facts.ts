/** The facts of the built-in kinds as run-time schemas: each text is parsed on first use, each definition turned into a Schema on first use. */
import { definitionsText } from '../generated/definitions.ts';
import { goTypesText } from '../generated/go-types.ts';
import { schemaExtrasText } from '../generated/schema-extras.ts';
import { lazy } from './lazy.ts';
import type { Field, Schema, SchemaType } from './schema.ts';

interface Property {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly items?: Property;
  readonly additionalProperties?: Property;
  readonly default?: unknown;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
}

/** A definition of the OpenAPI v2 document, without prose. */
export interface Definition extends Property {
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

/** All definitions by name; parsed once. */
export const definitions = lazy(() => JSON.parse(definitionsText) as Readonly<Record<string, Definition>>);
const goTypes = lazy(() => JSON.parse(goTypesText) as Readonly<Record<string, Readonly<Record<string, string>>>>);

/** What v3 documents say of a property beyond rules: its whole v3 form, its enumeration. '' stands for the definition itself. */
export interface SchemaExtra {
  readonly v3?: Readonly<Record<string, never>>;
  readonly enum?: readonly string[];
  /** The enumeration of a list's elements or of a map's values. */
  readonly itemsEnum?: readonly string[];
}

/** By definition, then by field. */
export const schemaExtras = lazy(() => JSON.parse(schemaExtrasText) as Readonly<Record<string, Readonly<Record<string, SchemaExtra>>>>);

/** `o` omitempty, `z` omitzero, `p` pointer, in any combination; `o` for fields without a known Go type. */
export function goFieldFlags(definitionName: string, fieldName: string): string {
  return goField(goTypes()[definitionName]?.[fieldName]).flags;
}

/** Definitions whose Go types read and write their own JSON. */
const special: Readonly<Record<string, SchemaType>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'micro-time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'raw',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': 'raw',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'raw',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'any',
};

const noFields: ReadonlyMap<string, Field> = new Map();
const refName = (ref: string): string => ref.slice('#/definitions/'.length);
/** `io.k8s.api.core.v1.PodSpec` as Go prints it: `v1.PodSpec`. */
const goTypeOf = (name: string): string => name.split('.').slice(-2).join('.');

function plain(type: SchemaType, goType: string, bits: 32 | 64 = 64): Schema {
  return { type, name: '', goType, fields: noFields, items: undefined, bits };
}

/** A definition as schema; its fields are worked out on first use, so that recursive types end. */
class Struct implements Schema {
  readonly type = 'struct';
  readonly name: string;
  readonly goType: string;
  readonly items = undefined;
  readonly bits = 64;
  #fields: ReadonlyMap<string, Field> | undefined;

  constructor(name: string) {
    this.name = name;
    this.goType = goTypeOf(name);
  }

  get fields(): ReadonlyMap<string, Field> {
    this.#fields ??= fieldsOf(this.name);
    return this.#fields;
  }
}

const schemas = lazy(() => new Map<string, Schema>());

/** The schema of a definition; undefined when there is none of that name. */
export function schemaFor(definitionName: string): Schema | undefined {
  const known = schemas().get(definitionName);
  if (known !== undefined || definitions()[definitionName] === undefined) return known;
  const type = special[definitionName];
  const schema = type === undefined ? new Struct(definitionName) : { ...plain(type, goTypeOf(definitionName)), name: definitionName };
  schemas().set(definitionName, schema);
  return schema;
}

const byKind = lazy(() => {
  const names = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions())) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      // DeleteOptions, WatchEvent and Status carry every group's name; the first one says enough.
      names.set(`${group}/${version}/${kind}`, name);
    }
  }
  return names;
});

/** The definition's name of a kind; undefined for kinds that are not built in. */
export function definitionOf(group: string, version: string, kind: string): string | undefined {
  return byKind().get(`${group}/${version}/${kind}`);
}

/** The schema of a built-in kind. */
export function schemaOfKind(group: string, version: string, kind: string): Schema | undefined {
  const name = definitionOf(group, version, kind);
  return name === undefined ? undefined : schemaFor(name);
}

function valueSchema(property: Property, goType: string): Schema {
  if (property.$ref !== undefined) {
    const target = schemaFor(refName(property.$ref));
    if (target === undefined) throw new Error(`no definition ${property.$ref}`);
    return target;
  }
  const inner = goType.replace(/^(\[\]|map\[[^\]]*\])\*?/, '');
  switch (property.type) {
    case 'array':
      return {
        type: 'list',
        name: '',
        goType,
        fields: noFields,
        items: valueSchema(property.items ?? {}, goType === inner ? '' : inner),
        bits: 64,
      };
    case 'object':
      if (property.additionalProperties === undefined) return plain('raw', goType);
      return {
        type: 'map',
        name: '',
        goType,
        fields: noFields,
        items: valueSchema(property.additionalProperties, goType === inner ? '' : inner),
        bits: 64,
      };
    case 'string':
      if (property.format === 'byte') return plain('bytes', '[]uint8');
      return goType.endsWith('v1.Duration') ? plain('duration', goType) : plain('string', goType === '' ? 'string' : goType);
    case 'integer':
      return plain('integer', goType === '' ? (property.format ?? 'int64') : goType, property.format === 'int32' ? 32 : 64);
    case 'number':
      return plain('number', 'float64');
    case 'boolean':
      return plain('boolean', goType === '' ? 'bool' : goType);
    default:
      return plain('any', goType);
  }
}

interface GoField {
  readonly number: number;
  readonly flags: string;
  readonly type: string;
  readonly embedded: readonly (readonly string[])[];
}

/** Reads `NUMBER FLAGS TYPE[ EMBEDDED][ =NAME]` (hack/facts/go-types.ts). */
function goField(text: string | undefined): GoField {
  const [number = '0', flags = 'o', type = '', next = ''] = (text ?? '').split(' ');
  const embedded = next === '' || next.startsWith('=') ? [] : next.split('.').map((part) => part.split(':'));
  return { number: Number(number), flags, type, embedded };
}

/** The fields of a built-in struct in the order of declaration: JSON name and Go name. */
export function goFieldNames(definitionName: string): readonly (readonly [string, string])[] {
  return Object.entries(goTypes()[definitionName] ?? {}).map(([name, text]) => [
    name,
    / =(\w+)$/.exec(text)?.[1] ?? name.charAt(0).toUpperCase() + name.slice(1),
  ]);
}

function fieldsOf(name: string): ReadonlyMap<string, Field> {
  const definition = definitions()[name];
  const go = goTypes()[name];
  const required = new Set(definition?.required);
  return new Map(
    Object.entries(definition?.properties ?? {}).map(([fieldName, property]) => {
      const { number, flags, type, embedded } = goField(go?.[fieldName]);
      const target = property.$ref === undefined ? undefined : definitions()[refName(property.$ref)];
      const field: Field = {
        name: fieldName,
        schema: valueSchema(property, type),
        omitEmpty: flags.includes('o'),
        omitZero: flags.includes('z'),
        pointer: flags.includes('p'),
        required: required.has(fieldName),
        embedded: embedded.map(([struct]) => struct).join('.'),
        number,
        embeddedNumbers: embedded.map(([, at]) => Number(at)),
        listType: property['x-kubernetes-list-type'],
        listMapKeys: property['x-kubernetes-list-map-keys'] ?? [],
        mapType: property['x-kubernetes-map-type'] ?? target?.['x-kubernetes-map-type'],
        patchMergeKey: property['x-kubernetes-patch-merge-key'],
        patchStrategy: property['x-kubernetes-patch-strategy']?.split(',') ?? [],
        default: property.default,
      };
      return [fieldName, field];
    }),
  );
}

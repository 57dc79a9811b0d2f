/**
 * Definitions as schemas of OpenAPI v2 and v3 documents: what upstream's generator (kube-openapi pkg/generators) and its two builders
 * make of the Go types. What cannot be derived from the definitions, their Go types and rules is in openapi/schema-extras.json.
 */
import { definitions, goFieldFlags, schemaExtras, type Definition, type SchemaExtra } from '../../api/schema/facts.ts';
import type { Prose } from './prose.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

const v2Prefix = '#/definitions/';
const v3Prefix = '#/components/schemas/';
/** The places in a property where another schema may stand. */
const inner = ['items', 'additionalProperties'] as const;

/** The definitions' names that a schema of the facts points to. */
function* references(value: Json | undefined): Generator<string> {
  if (value === null || typeof value !== 'object') return;
  for (const [key, item] of Object.entries(value)) {
    if (key === '$ref' && typeof item === 'string') yield item.slice(v2Prefix.length);
    else yield* references(item);
  }
}

/** All definitions that are needed to understand the named ones, sorted. Unknown names are left out. */
export function closure(names: Iterable<string>): string[] {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const definition = definitions()[name];
    if (definition === undefined || found.has(name)) continue;
    found.add(name);
    open.push(...references(definition as unknown as Json));
  }
  return [...found].sort();
}

const zeroValues: Readonly<Record<string, Json>> = { string: '', integer: 0, number: 0, boolean: false };
/** Kinds of values whose Go types say themselves what their schema is; they get no `{}` where they stand. */
const selfDescribed = /\.(Time|MicroTime|Quantity|IntOrString|Duration|FieldsV1|RawExtension|JSON|JSONSchemaPropsOr\w+)$/;

/** A property as v3 states it. `zero`: Go always writes the field, so its zero value is its default. */
function propertyV3(property: JsonObject, zero: boolean, isPointer: boolean, isInner = false): JsonObject {
  const { $ref, ...rest } = property;
  if (typeof $ref === 'string') {
    const target = { $ref: $ref.replace(v2Prefix, v3Prefix) };
    const isStruct = !isPointer && !selfDescribed.test($ref);
    if (isInner && !isStruct) return target;
    return { ...rest, allOf: [target], ...(isStruct ? { default: {} } : {}) };
  }
  const result: Record<string, Json> = { ...rest };
  const type = property['type'];
  const zeroValue = typeof type === 'string' ? zeroValues[type] : undefined;
  if (zero && zeroValue !== undefined && property['format'] !== 'byte') result['default'] = zeroValue;
  for (const place of inner) {
    const schema = property[place];
    if (schema !== undefined) result[place] = propertyV3(schema as JsonObject, true, false, true);
  }
  return result;
}

/** A property by the rules alone, without prose and without the extras. */
export function ruledProperty(definitionName: string, fieldName: string): JsonObject {
  const property = definitions()[definitionName]?.properties?.[fieldName] as unknown as JsonObject;
  const flags = goFieldFlags(definitionName, fieldName);
  const isPointer = flags.includes('p');
  return propertyV3(property, !isPointer && !flags.includes('o'), isPointer);
}

function withProse(schema: JsonObject, description: string | undefined, isV3: boolean): JsonObject {
  if (description === undefined) {
    // Without anything beside it, a reference stands alone.
    const keys = Object.keys(schema);
    const target = schema['allOf'];
    return isV3 && keys.length === 1 && Array.isArray(target) ? (target[0] as JsonObject) : schema;
  }
  return { ...schema, description };
}

function withEnum(schema: JsonObject, extra: SchemaExtra | undefined): JsonObject {
  if (extra?.enum !== undefined) return { ...schema, enum: extra.enum };
  if (extra?.itemsEnum === undefined) return schema;
  const place = schema['items'] === undefined ? 'additionalProperties' : 'items';
  return { ...schema, [place]: { ...(schema[place] as JsonObject), enum: extra.itemsEnum } };
}

function propertiesOf(name: string, definition: Definition, prose: Prose, isV3: boolean): JsonObject | undefined {
  if (definition.properties === undefined) return undefined;
  const extras = schemaExtras()[name];
  return Object.fromEntries(
    Object.entries(definition.properties).map(([field, property]) => {
      const extra = extras?.[field];
      const own = isV3 ? (extra?.v3 ?? ruledProperty(name, field)) : property;
      return [field, withProse(withEnum(own as JsonObject, extra), prose.field(name, field), isV3)];
    }),
  );
}

/** A definition as it stands in `definitions` (v2) or `components.schemas` (v3). The name must be known. */
export function schemaDocument(name: string, prose: Prose, version: 2 | 3): JsonObject {
  const definition = definitions()[name] ?? {};
  const isV3 = version === 3;
  const properties = propertiesOf(name, definition, prose, isV3);
  const own = (isV3 ? schemaExtras()[name]?.['']?.v3 : undefined) ?? (definition as unknown as JsonObject);
  return withProse({ ...own, ...(properties === undefined ? {} : { properties }) }, prose.definition(name), isV3);
}

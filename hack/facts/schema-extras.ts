/**
 * What OpenAPI documents say of a property that neither the v2 definitions nor the rules of src/apiserver/openapi/schemas.ts tell:
 * enumerations (from the Go code generated for the API server) and defaults that somebody chose (from the recorded v3 documents).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { ruledProperty } from '../../src/apiserver/openapi/schemas.ts';
import { withoutProse, type Definition, type Json } from './definitions.ts';

export interface Extra {
  enum?: string[];
  itemsEnum?: string[];
  v3?: { [key: string]: Json };
}
export type SchemaExtras = Record<string, Record<string, Extra>>;

/** `core_v1_PodSpec` for io.k8s.api.core.v1.PodSpec: the end of the generated function's name. */
const functionEnd = (definition: string): string => definition.split('.').slice(-3).join('_');

/** By end of function, by property: its enumeration and that of its elements. */
function readEnums(file: string): Map<string, Map<string, Extra>> {
  const found = new Map<string, Map<string, Extra>>();
  let fields = new Map<string, Extra>();
  let property = '';
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, name] = /^func schema_(\w+)\(ref/.exec(line) ?? [];
    if (name !== undefined) {
      fields = new Map();
      found.set(name.split('_').slice(-3).join('_'), fields);
    }
    property = /^\t{5}"([^"]+)": \{$/.exec(line)?.[1] ?? property;
    const [, indent = '', list] = /^(\t+)Enum:\s+\[\]interface\{\}\{(.*)\},?$/.exec(line) ?? [];
    if (list === undefined) continue;
    const values = JSON.parse(`[${list}]`) as string[];
    fields.set(property, indent.length === 7 ? { enum: values } : { itemsEnum: values });
  }
  return found;
}

type Schemas = Record<string, { properties?: Record<string, Json>; [key: string]: Json | undefined }>;

function readSchemas(dir: string): Schemas {
  const files = readdirSync(dir).map(
    (file) => JSON.parse(readFileSync(`${dir}/${file}`, 'utf8')) as { components?: { schemas?: Schemas } },
  );
  return Object.assign({}, ...files.map((file) => file.components?.schemas ?? {})) as Schemas;
}

/** A reference with nothing beside it means the same as one that stands in allOf alone. */
function normal(property: { [key: string]: Json }): { [key: string]: Json } {
  return '$ref' in property ? { allOf: [{ $ref: property['$ref'] ?? '' }] } : property;
}

/** `kubernetes` is the folder of k8s.io/kubernetes. */
export function readSchemaExtras(definitions: Record<string, Definition>, kubernetes: string): SchemaExtras {
  const enums = readEnums(`${kubernetes}/pkg/generated/openapi/zz_generated.openapi.go`);
  const schemas = readSchemas(`${kubernetes}/api/openapi-spec/v3`);
  const extras: SchemaExtras = {};
  const add = (name: string, field: string, extra: Extra): void => {
    const fields = (extras[name] ??= {});
    fields[field] = { ...fields[field], ...extra };
  };
  for (const [name, definition] of Object.entries(definitions)) {
    for (const [field, extra] of enums.get(functionEnd(name)) ?? [])
      if (definition.properties?.[field] !== undefined) add(name, field, extra);
    const schema = schemas[name];
    if (schema === undefined) continue;
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      const recorded = normal(withoutProse(property) as { [key: string]: Json });
      if (!isDeepStrictEqual(recorded, ruledProperty(name, field))) add(name, field, { v3: recorded });
    }
    if (schema['oneOf'] !== undefined) add(name, '', { v3: withoutProse(schema as Json) as { [key: string]: Json } });
  }
  return extras;
}

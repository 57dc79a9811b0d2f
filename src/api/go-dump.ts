/** Values of built-in types as Go's spew prints them (`%#v` of k8s.io/utils/dump.ForHash): what upstream hashes to name things. */
import { goFieldNames, schemaFor } from './schema/facts.ts';
import type { Field, Schema } from './schema/schema.ts';
import { quantityDump } from './go-dump-quantity.ts';

/** `value` (JSON, as the API serves it) as the built-in struct of that definition. Throws for names that are no definition. */
export function goDump(definitionName: string, value: object): string {
  const schema = schemaFor(definitionName);
  if (schema === undefined) throw new Error(`${definitionName} is no built-in type`);
  return `(${schema.goType})${bare(schema, value)}`;
}

type Members = Readonly<Record<string, unknown>>;

/** A value without its type in front, as inside lists and maps. Absent is Go's zero value. */
function bare(schema: Schema, value: unknown): string {
  switch (schema.type) {
    case 'struct':
      return structText(schema, (value ?? {}) as Members);
    case 'list':
      return listText(schema, value as readonly unknown[] | null | undefined);
    case 'map':
      return mapText(schema, value as Members | null | undefined);
    case 'quantity':
      return quantityDump(typeof value === 'number' ? String(value) : ((value as string | null | undefined) ?? ''));
    case 'int-or-string':
      return intOrString(value);
    case 'time':
    case 'micro-time':
      return '{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}';
    case 'boolean':
      return value === true ? 'true' : 'false';
    case 'integer':
    case 'number':
      return numberText(value);
    default:
      return (value as string | null | undefined) ?? '';
  }
}

function numberText(value: unknown): string {
  return typeof value === 'number' ? String(value) : '0';
}

/** Lists and maps that are empty are nil: upstream's controllers read protobuf, which does not tell. */
function listText({ items }: Schema, value: readonly unknown[] | null | undefined): string {
  if (items === undefined || value === undefined || value === null || value.length === 0) return '<nil>';
  return `[${value.map((item) => bare(items, item)).join(' ')}]`;
}

function mapText({ items }: Schema, value: Members | null | undefined): string {
  const entries = Object.entries(value ?? {});
  if (items === undefined || entries.length === 0) return '<nil>';
  entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `map[${entries.map(([key, item]) => `${key}:${bare(items, item)}`).join(' ')}]`;
}

function intOrString(value: unknown): string {
  const isText = typeof value === 'string';
  return `{Type:(intstr.Type)${isText ? '1' : '0'} IntVal:(int32)${isText ? '0' : numberText(value)} StrVal:(string)${isText ? value : ''}}`;
}

function structText(schema: Schema, value: Members): string {
  return fieldsText([...goFieldNames(schema.name)], schema, { value, depth: 0 });
}

/** Fields that come through an embedded struct (at `depth`) are printed inside of it. */
function fieldsText(
  names: readonly (readonly [string, string])[],
  schema: Schema,
  { value, depth }: { readonly value: Members; readonly depth: number },
): string {
  const parts: string[] = [];
  for (let at = 0; at < names.length; at += 1) {
    const [jsonName, goName] = names[at] ?? ['', ''];
    const field = schema.fields.get(jsonName);
    if (field === undefined) continue;
    const embedded = field.embedded.split('.')[depth];
    if (embedded === undefined || embedded === '') {
      parts.push(`${goName}:${typed(field, value[jsonName])}`);
      continue;
    }
    let end = at + 1;
    while (schema.fields.get(names[end]?.[0] ?? '')?.embedded.split('.')[depth] === embedded) end += 1;
    parts.push(`${embedded}:(v1.${embedded})${fieldsText(names.slice(at, end), schema, { value, depth: depth + 1 })}`);
    at = end - 1;
  }
  return `{${parts.join(' ')}}`;
}

function typed({ schema, pointer }: Field, value: unknown): string {
  if (!pointer) return `(${schema.goType})${bare(schema, value)}`;
  return `(*${schema.goType})${value === undefined || value === null ? '<nil>' : bare(schema, value)}`;
}

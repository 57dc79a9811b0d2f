/**
 * What Go's storage makes of empty lists and maps that its encoder always writes (no omitempty): its protobuf does not know them from
 * missing ones, so they come back as null.
 */
import type { Schema } from './schema.ts';

interface Plan {
  readonly emptied: readonly string[];
  readonly below: readonly (readonly [name: string, schema: Schema])[];
}

const plans = new WeakMap<Schema, Plan>();

/** Empty lists and maps of the struct `schema` and below it become null, in place. */
export function emptyListsToNull(value: object, schema: Schema): void {
  const fields = value as Record<string, unknown>;
  const { emptied, below } = planOf(schema);
  for (const name of emptied) if (isEmpty(fields[name])) fields[name] = null;
  for (const [name, inner] of below) {
    const held = fields[name];
    if (typeof held === 'object' && held !== null) inside(held, inner);
  }
}

function inside(value: object, schema: Schema): void {
  if (schema.type === 'struct') return emptyListsToNull(value, schema);
  const { items } = schema;
  if (items === undefined) return;
  for (const item of Array.isArray(value) ? (value as unknown[]) : (Object.values(value) as unknown[]))
    if (typeof item === 'object' && item !== null) inside(item, items);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object' || value === null) return false;
  for (const _key in value) return false;
  return true;
}

function planOf(schema: Schema): Plan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const emptied: string[] = [];
  const below: [string, Schema][] = [];
  // a type that holds itself finds its own plan while it is made
  const plan = { emptied, below };
  plans.set(schema, plan);
  for (const field of schema.fields.values()) {
    const { type } = field.schema;
    if ((type === 'list' || type === 'map') && !field.omitEmpty && !field.pointer) emptied.push(field.name);
    const inner = structIn(field.schema);
    if (inner !== undefined && matters(inner, new Set())) below.push([field.name, field.schema]);
  }
  return plan;
}

function structIn(schema: Schema): Schema | undefined {
  let inner: Schema | undefined = schema;
  while (inner?.type === 'list' || inner?.type === 'map') inner = inner.items;
  return inner?.type === 'struct' ? inner : undefined;
}

/** Is there any such list in a struct or anywhere below it? */
function matters(schema: Schema, visited: Set<Schema>): boolean {
  if (visited.has(schema)) return false;
  visited.add(schema);
  return [...schema.fields.values()].some((field) => {
    const { type } = field.schema;
    if ((type === 'list' || type === 'map') && !field.omitEmpty && !field.pointer) return true;
    const inner = structIn(field.schema);
    return inner !== undefined && matters(inner, visited);
  });
}

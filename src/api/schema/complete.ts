/**
 * What Go's encoder always writes and JSON from clients may lack: structs that are no pointers (`resources: {}`, `status: {}`) and
 * fields without omitempty (`rules: null`, `desiredReplicas: 0`). Rules: encoding/json, and the MarshalJSON of the types that have one.
 */
import type { Field, Schema } from './schema.ts';

interface Plan {
  /** Fields that are always there, with their zero values' makers. */
  readonly always: readonly (readonly [name: string, zero: () => unknown])[];
  /** Fields that hold structs below which something is always there. */
  readonly below: readonly (readonly [name: string, schema: Schema])[];
}

const plans = new WeakMap<Schema, Plan>();

const zeroTexts: Readonly<Partial<Record<Schema['type'], unknown>>> = {
  string: '',
  integer: 0,
  number: 0,
  boolean: false,
  quantity: '0',
  'int-or-string': 0,
  duration: '0s',
};

/** Go types that are structs whatever their JSON looks like: omitempty never leaves them out. */
const writtenByStructs: ReadonlySet<Schema['type']> = new Set([
  'struct',
  'quantity',
  'int-or-string',
  'time',
  'micro-time',
  'duration',
  'raw',
]);

/** What Go writes for a field that nobody set. undefined: nothing. */
function zeroOf({ schema, omitEmpty, omitZero, pointer }: Field): (() => unknown) | undefined {
  if (omitZero) return undefined;
  const isStruct = writtenByStructs.has(schema.type) && !pointer;
  if (omitEmpty && !isStruct) return undefined;
  if (pointer) return () => null;
  if (schema.type === 'struct') return () => complete({}, schema);
  const zero = zeroTexts[schema.type] ?? null;
  return () => zero;
}

/** The struct that a value is made of, looking through lists and maps. */
function structIn(schema: Schema): Schema | undefined {
  let inner: Schema | undefined = schema;
  while (inner?.type === 'list' || inner?.type === 'map') inner = inner.items;
  return inner?.type === 'struct' ? inner : undefined;
}

/** Is anything always there in a struct or anywhere below it? */
function isNeeded(schema: Schema, visited: Set<Schema> = new Set()): boolean {
  if (visited.has(schema)) return false;
  visited.add(schema);
  for (const field of schema.fields.values()) {
    if (zeroOf(field) !== undefined) return true;
    const inner = structIn(field.schema);
    if (inner !== undefined && isNeeded(inner, visited)) return true;
  }
  return false;
}

function planOf(schema: Schema): Plan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const always: [string, () => unknown][] = [];
  const below: [string, Schema][] = [];
  for (const field of schema.fields.values()) {
    const zero = zeroOf(field);
    if (zero !== undefined) always.push([field.name, zero]);
    const inner = structIn(field.schema);
    if (inner !== undefined && isNeeded(inner)) below.push([field.name, field.schema]);
  }
  const plan = { always, below };
  plans.set(schema, plan);
  return plan;
}

/** Goes into lists and maps until structs come. */
function completeInner(value: unknown, schema: Schema): void {
  if (typeof value !== 'object' || value === null) return;
  if (schema.type === 'struct') complete(value, schema);
  else if (schema.items !== undefined)
    for (const item of Array.isArray(value) ? value : Object.values(value)) completeInner(item, schema.items);
}

/**
 * Adds to `value`, an object of the struct `schema`, in place, what Go would have written; returns it. Values that are there stay, but a null
 * where Go has no null becomes the zero value. A value of any other schema is left alone. Safe to repeat.
 */
export function complete<T extends object>(value: T, schema: Schema): T {
  const fields = value as Record<string, unknown>;
  const { always, below } = planOf(schema);
  for (const [name, schemaBelow] of below) {
    const inner = fields[name];
    if (inner !== undefined) completeInner(inner, schemaBelow);
  }
  for (const [name, zero] of always) if (fields[name] === undefined || fields[name] === null) fields[name] = zero();
  return value;
}

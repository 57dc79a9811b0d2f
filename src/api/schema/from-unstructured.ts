/**
 * Values without types as a kind's structs take them in when no JSON lies between (apimachinery pkg/runtime/converter.go): strategic merge
 * patches become objects that way. Whole numbers are cut to their width, and faults have words of their own.
 */
import { isJsonObject } from '../json.ts';
import { decodeValue } from './decode.ts';
import { goFieldNames } from './facts.ts';
import type { Schema } from './schema.ts';

export interface Converted {
  /** A copy whose numbers fit; undefined when `fault` is set. */
  readonly value: unknown;
  readonly fault: string | undefined;
}

class Unfit extends Error {}

/** The first fault is told, in the order of the struct's fields. */
export function fromUnstructured(value: unknown, schema: Schema): Converted {
  try {
    return { value: convert(value, schema), fault: undefined };
  } catch (error) {
    if (error instanceof Unfit) return { value: undefined, fault: error.message };
    throw error;
  }
}

/** What reflection calls the value: numbers that are whole are int64. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? 'int64' : 'float64';
  return 'map';
}

function convert(value: unknown, schema: Schema): unknown {
  if (value === null || value === undefined) return value;
  switch (schema.type) {
    case 'struct':
      if (!isJsonObject(value)) throw new Unfit(`cannot restore struct from: ${kindOf(value)}`);
      return structOf(value, schema);
    case 'map': {
      if (!isJsonObject(value)) throw new Unfit(`cannot restore map from ${kindOf(value)}`);
      const { items } = schema;
      return items === undefined ? value : Object.fromEntries(Object.entries(value).map(([key, one]) => [key, convert(one, items)]));
    }
    case 'list': {
      if (!Array.isArray(value)) throw new Unfit(`cannot restore slice from ${kindOf(value)}`);
      const { items } = schema;
      return items === undefined ? value : value.map((one: unknown) => convert(one, items));
    }
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return scalar(value, schema);
    case 'bytes':
      if (typeof value !== 'string') throw new Unfit(`cannot restore slice from ${kindOf(value)}`);
      return ownDecoder(value, schema, 'error decoding from json: ');
    default:
      return ownDecoder(value, schema);
  }
}

function structOf(value: Record<string, unknown>, schema: Schema): Record<string, unknown> {
  const result: Record<string, unknown> = { ...value };
  for (const [name] of goFieldNames(schema.name)) {
    const field = schema.fields.get(name);
    if (field !== undefined && Object.hasOwn(value, name)) result[name] = convert(value[name], field.schema);
  }
  return result;
}

const kinds = { string: 'string', boolean: 'bool', number: 'float64' } as const;

/** Go converts between any two sorts of numbers, and from whole numbers to texts; JSON knows no such thing, so that has a fault of its own. */
function scalar(value: unknown, { type, bits, goType }: Schema): unknown {
  const [from, to] = [kindOf(value), type === 'integer' ? `int${String(bits)}` : kinds[type as keyof typeof kinds]];
  if (from === to) return value;
  if (from === 'int64' && type === 'integer') return (value as number) | 0;
  if (from === 'int64' && type === 'number') return value;
  if ((from === 'int64' && type === 'string') || (from === 'float64' && type === 'integer'))
    throw new Unfit(`cannot convert ${from} to ${goType}`);
  throw new Unfit(`unrecognized type: ${to}`);
}

/** Types that read their JSON themselves say the same as ever, but know no field. */
function ownDecoder(value: unknown, schema: Schema, frame = ''): unknown {
  const { error } = decodeValue(value, schema, { mode: 'Ignore' });
  if (error !== undefined) throw new Unfit(frame + error);
  return value;
}

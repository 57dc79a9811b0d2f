/**
 * Brings a decoded object into the form that Go's structs give every object upstream: fields without omitempty are there with
 * their zero value (so what the types call required is really present), structs that are no pointers are never missing, and
 * quantities are written canonically. What to do is found out once a type; branches without such fields are not walked.
 */
import type { Field, Schema } from '../../api/schema/schema.ts';
import { parseQuantity, tryParseQuantity } from '../../api/quantity.ts';

type Value = Record<string, unknown>;
type Walk = (value: unknown) => unknown;

interface Step {
  readonly name: string;
  /** Makes the zero value when the field is missing; undefined: it stays missing. */
  readonly zero: (() => unknown) | undefined;
  readonly walk: Walk | undefined;
}

/** Compiles walkers, each struct type once. */
export class GoForm {
  readonly #structs = new Map<string, readonly Step[]>();
  readonly #walks = new Map<string, boolean>();

  /** Changes the object in place. */
  apply(object: object, schema: Schema): void {
    for (const step of this.#steps(schema)) {
      // metadata is the engine's.
      if (step.name !== 'metadata') run(step, object as Value);
    }
  }

  #steps(schema: Schema): readonly Step[] {
    const known = this.#structs.get(schema.name);
    if (known !== undefined) return known;
    const steps: Step[] = [];
    this.#structs.set(schema.name, steps);
    for (const field of schema.fields.values()) {
      const zero = this.#zero(field);
      const walk = this.#walk(field.schema);
      if (zero !== undefined || walk !== undefined) steps.push({ name: field.name, zero, walk });
    }
    return steps;
  }

  #walk(schema: Schema): Walk | undefined {
    switch (schema.type) {
      case 'quantity':
        return canonical;
      case 'struct': {
        if (!this.#needed(schema)) return undefined;
        return (value) => {
          for (const step of this.#steps(schema)) run(step, value as Value);
          return value;
        };
      }
      case 'list':
      case 'map': {
        const item = schema.items === undefined ? undefined : this.#walk(schema.items);
        if (item === undefined) return undefined;
        return schema.type === 'list' ? (value) => eachOfList(value as unknown[], item) : (value) => eachOfMap(value as Value, item);
      }
      default:
        return undefined;
    }
  }

  /** Whether anything below a type is to be done; recursive types (JSON schemas) count as not, unless something else is. */
  #needed(schema: Schema): boolean {
    const known = this.#walks.get(schema.name);
    if (known !== undefined) return known;
    this.#walks.set(schema.name, false);
    const needed = [...schema.fields.values()].some((field) => this.#zero(field) !== undefined || this.#deep(field.schema));
    this.#walks.set(schema.name, needed);
    return needed;
  }

  #deep(schema: Schema): boolean {
    if (schema.type === 'quantity') return true;
    if (schema.type === 'struct') return this.#needed(schema);
    return schema.items !== undefined && this.#deep(schema.items);
  }

  #zero({ name, schema, omitEmpty, omitZero, pointer, required }: Field): (() => unknown) | undefined {
    if (pointer || omitZero || name === 'metadata') return undefined;
    if (schema.type === 'struct') {
      return () => {
        const value = {};
        for (const step of this.#steps(schema)) run(step, value);
        return value;
      };
    }
    // Times are structs in Go: omitempty does not leave them out.
    if (schema.type === 'time' || schema.type === 'micro-time') return () => null;
    if (omitEmpty) return undefined;
    return scalarZero(schema, required && !maybeEmpty.has(name));
  }
}

/** Lists that must be there and may yet be empty: nil in Go, null to clients. What reads the others relies on a list. */
const maybeEmpty: ReadonlySet<string> = new Set(['limits', 'drivers']);

function scalarZero(schema: Schema, required: boolean): (() => unknown) | undefined {
  switch (schema.type) {
    case 'string':
      return () => '';
    case 'integer':
    case 'number':
    case 'int-or-string':
      return () => 0;
    case 'boolean':
      return () => false;
    case 'list':
      return required ? () => [] : () => null;
    case 'map':
      return required ? () => ({}) : () => null;
    case 'bytes':
      return () => null;
    case 'quantity':
      return () => '0';
    default:
      return undefined;
  }
}

function run({ name, zero, walk }: Step, value: Value): void {
  const present = value[name];
  if (present === undefined || present === null) {
    if (zero !== undefined) value[name] = zero();
  } else if (walk !== undefined) {
    const walked = walk(present);
    if (walked !== present) value[name] = walked;
  }
}

function eachOfList(list: unknown[], walk: Walk): unknown {
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    if (item === undefined || item === null) continue;
    const walked = walk(item);
    if (walked !== item) list[index] = walked;
  }
  return list;
}

function eachOfMap(map: Value, walk: Walk): unknown {
  for (const key in map) {
    const item = map[key];
    if (item === undefined || item === null) continue;
    const walked = walk(item);
    if (walked !== item) map[key] = walked;
  }
  return map;
}

const plain = /^[1-9]\d{0,2}(m|Mi|Gi|Ki)?$/;

/** 0.5 as 500m, 1024Mi as 1Gi, 1000m as 1: as upstream writes it after reading it, rounded up to thousandths. */
function canonical(value: unknown): unknown {
  if (typeof value === 'string' && plain.test(value)) return value;
  const quantity = tryParseQuantity(value as string | number);
  return quantity === undefined ? value : parseQuantity(quantity.toString()).toString();
}

/** What a field of some type may hold: values that look right, values at the edge, and values that are wrong. */
import { schemaExtras } from '../../../src/api/schema/facts.ts';
import type { Field, Schema } from '../../../src/api/schema/schema.ts';

const long = 'x'.repeat(260);

/** A value that most rules let pass; undefined when there is no telling. */
export function plausible(schema: Schema, words: readonly string[] = [], depth = 0): unknown {
  switch (schema.type) {
    case 'struct':
      return plausibleStruct(schema, depth);
    case 'map':
      return schema.items === undefined ? {} : { a: plausible(schema.items, [], depth + 1) };
    case 'list':
      return schema.items === undefined || depth > 6 ? [] : [plausible(schema.items, words, depth + 1)];
    case 'string':
      return words[0] ?? 'a';
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'bytes':
      return 'eA==';
    case 'quantity':
      return '1';
    case 'int-or-string':
      return 1;
    case 'time':
      return '2020-01-01T00:00:00Z';
    case 'micro-time':
      return '2020-01-01T00:00:00.000000Z';
    case 'duration':
      return '1m0s';
    case 'raw':
      return { a: 1 };
    case 'any':
      return 1;
  }
}

function plausibleStruct(schema: Schema, depth: number): unknown {
  if (depth > 6) return {};
  const required = [...schema.fields.values()].filter((field) => field.required);
  return Object.fromEntries(required.map((field) => [field.name, plausible(field.schema, wordsOf(schema, field), depth + 1)]));
}

/** The words that a field of this struct may hold; empty when it is free. */
export function wordsOf(struct: Schema, field: Field): readonly string[] {
  const extra = schemaExtras()[struct.name]?.[field.name];
  return extra?.enum ?? extra?.itemsEnum ?? [];
}

/** Every value the field is tried with; the first one looks right. */
export function valuesOf(struct: Schema, field: Field): readonly unknown[] {
  const words = wordsOf(struct, field);
  const first = plausible(field.schema, words);
  switch (field.schema.type) {
    case 'struct':
      return [first, {}, 'x'];
    case 'map':
      return [first, { 'a b!': first }, { '': plausible(field.schema.items ?? field.schema) }, [], 'x'];
    case 'list':
      return [first, [...(first as unknown[]), ...(first as unknown[])], [null], [], ...emptyElement(field.schema), 'x'];
    case 'string':
      return words.length > 0 ? [...words, 'Bogus', '', 7] : [first, '', 'A b/!', 'a.b/c', long, 7];
    case 'integer':
      return [first, 0, -1, 70_000, 2_147_483_648, 1.5, 'x'];
    case 'number':
      return [first, -1, 'x'];
    case 'boolean':
      return [first, false, 'x'];
    case 'bytes':
      return [first, '', 'x'];
    case 'quantity':
      return [first, '-1', '1.5', '0', 'x', true];
    case 'int-or-string':
      return [first, 0, -1, 70_000, '50%', '150%', 'a-name', '', 'A b/!', true];
    case 'time':
    case 'micro-time':
      return [first, 'x', 1];
    case 'duration':
      return [first, '-1s', 'x'];
    case 'raw':
    case 'any':
      return [first, {}, 'x'];
  }
}

/** Of lists of structs: one that says nothing, and one without each required field. */
function emptyElement(list: Schema): unknown[] {
  const { items } = list;
  if (items?.type === 'string') return [[''], ['A b/!'], ['a', 'b', long]];
  return items?.type === 'struct' ? [[{}]] : [];
}

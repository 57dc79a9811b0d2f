/** Objects as JSON text, without writing again what is known as text: sets that many objects share (created.ts). */
import type { KubeObject } from '../object.ts';
import type { FieldSet } from './field-set.ts';
import type { ManagedFieldsEntry } from './managers.ts';

/** Texts of shared sets: a memo, not state. */
const texts = new WeakMap<FieldSet, string>();

export function rememberText(set: FieldSet, text: string): void {
  texts.set(set, text);
}

/** As JSON.stringify, with metadata first and managedFields last in it. */
export function objectText({ metadata, ...fields }: KubeObject): string {
  const { managedFields, ...meta } = metadata;
  const rest = JSON.stringify(fields);
  const tail = rest === '{}' ? '}' : `,${rest.slice(1)}`;
  const head = JSON.stringify(meta);
  if (managedFields === undefined) return `{"metadata":${head}${tail}`;
  const entries = (managedFields as readonly ManagedFieldsEntry[]).map(entryText).join(',');
  return `{"metadata":${head === '{}' ? '{' : `${head.slice(0, -1)},`}"managedFields":[${entries}]}${tail}`;
}

function entryText(entry: ManagedFieldsEntry): string {
  const known = entry.fieldsV1 === undefined ? undefined : texts.get(entry.fieldsV1);
  if (known === undefined) return JSON.stringify(entry);
  const { fieldsV1: _set, ...rest } = entry;
  return `${JSON.stringify(rest).slice(0, -1)},"fieldsV1":${known}}`;
}

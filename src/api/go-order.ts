/**
 * A patched document as Go's libraries write it. Values that nobody touched come out of the encoder: fields in the order of the struct,
 * keys of maps sorted. What a patch went through has become a map, which is written sorted (evanphx/json-patch, encoding/json).
 */
import { isJsonObject } from './json.ts';
import { jsonPatchType } from './patch.ts';
import { goFieldNames } from './schema/facts.ts';
import type { Schema } from './schema/schema.ts';

type Document = Readonly<Record<string, unknown>>;

/** `document` is what the patch made; its values are shared. */
export function inGoOrderOfPatch(
  document: Document,
  { type, body }: { readonly type: string; readonly body: unknown },
  schema: Schema | undefined,
): Document {
  const touched = type === jsonPatchType ? touchedByOperations(body) : body;
  return ordered(document, schema, touched) as Document;
}

/** `touched`: an object where the patch went, with what it went on to; anything else where it did not. */
function ordered(value: unknown, schema: Schema | undefined, touched: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((element: unknown, index) =>
      ordered(element, schema?.items, isJsonObject(touched) ? touched[String(index)] : undefined),
    );
  }
  if (!isJsonObject(value)) return value;
  const names = isJsonObject(touched) || schema?.type === 'map' ? Object.keys(value).sort() : structOrder(value, schema);
  return Object.fromEntries(
    names.map((name) => [name, ordered(value[name], schema?.fields.get(name)?.schema ?? schema?.items, below(touched, name))]),
  );
}

const below = (touched: unknown, name: string): unknown =>
  isJsonObject(touched) && Object.hasOwn(touched, name) ? touched[name] : undefined;

function structOrder(value: Document, schema: Schema | undefined): string[] {
  const names = Object.keys(value);
  if (schema?.type !== 'struct') return names;
  const rank = new Map(['kind', 'apiVersion', ...goFieldNames(schema.name).map(([name]) => name)].map((name, index) => [name, index]));
  const last = rank.size;
  return names.sort((a, b) => (rank.get(a) ?? last) - (rank.get(b) ?? last));
}

/** The places that the operations look at, as one object. */
function touchedByOperations(body: unknown): Document {
  const root: Record<string, unknown> = {};
  for (const operation of Array.isArray(body) ? (body as readonly unknown[]) : []) {
    if (!isJsonObject(operation)) continue;
    for (const pointer of [operation['path'], operation['from']]) {
      if (typeof pointer !== 'string') continue;
      let at = root;
      for (const part of pointer.split('/').slice(1, -1)) {
        const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
        const next = at[name];
        at = isJsonObject(next) ? next : (at[name] = {});
      }
    }
  }
  return root;
}

/**
 * A patched document as Go's libraries write it. Values that nobody touched come out of the encoder: fields in the order of the struct,
 * keys of maps sorted. What a patch went through has become a map, which is written sorted (evanphx/json-patch, encoding/json).
 */
import { isJsonObject } from './json.ts';
import { jsonPatchType } from './patch.ts';
import { goFieldNames } from './schema/facts.ts';
import type { Schema } from './schema/schema.ts';

type Document = Readonly<Record<string, unknown>>;

/**
 * Where a patch went. Where it is not known how a value was before, an object that it went through is written sorted; `isSent`: what lies here
 * came with an operation and is written as it was sent.
 */
interface Way {
  readonly isSent: boolean;
  /** An object that was sent is a map for good once something went through it. */
  isThrough?: true;
  /** By field or index. undefined: everything below. */
  readonly further: Map<string, Way> | undefined;
}

const sortedAll: Way = { isSent: false, further: undefined };

/** `document` is what the patch made; its values are shared. */
export function inGoOrderOfPatch(
  document: Document,
  { type, body }: { readonly type: string; readonly body: unknown },
  schema: Schema | undefined,
): Document {
  return ordered(document, schema, type === jsonPatchType ? wayOfOperations(body) : wayOfMerge(body)) as Document;
}

function ordered(value: unknown, schema: Schema | undefined, way: Way | undefined): unknown {
  if (way?.isSent === true && way.isThrough !== true) return value;
  if (Array.isArray(value)) return value.map((element: unknown, index) => ordered(element, schema?.items, below(way, String(index))));
  if (!isJsonObject(value)) return value;
  const names = way !== undefined || schema?.type === 'map' ? Object.keys(value).sort() : structOrder(value, schema);
  return Object.fromEntries(
    names.map((name) => [name, ordered(value[name], schema?.fields.get(name)?.schema ?? schema?.items, below(way, name))]),
  );
}

function below(way: Way | undefined, name: string): Way | undefined {
  if (way?.further === undefined) return way;
  return way.further.get(name) ?? (way.isSent ? { isSent: true, further: new Map() } : undefined);
}

function structOrder(value: Document, schema: Schema | undefined): string[] {
  const names = Object.keys(value);
  if (schema?.type !== 'struct') return names;
  const rank = new Map(['kind', 'apiVersion', ...goFieldNames(schema.name).map(([name]) => name)].map((name, index) => [name, index]));
  const last = rank.size;
  return names.sort((a, b) => (rank.get(a) ?? last) - (rank.get(b) ?? last));
}

/** A merge goes through the objects that it names. Lists it puts in are looked through for nulls, so that all objects in them are sorted. */
function wayOfMerge(body: unknown): Way | undefined {
  if (Array.isArray(body)) return sortedAll;
  if (!isJsonObject(body)) return undefined;
  const ways = Object.entries(body).flatMap(([name, inner]): [string, Way][] => {
    const way = wayOfMerge(inner);
    return way === undefined ? [] : [[name, way]];
  });
  return { isSent: false, further: new Map(ways) };
}

/** Operations go through what their pointers name. */
function wayOfOperations(body: unknown): Way | undefined {
  let root: Way = { isSent: false, further: new Map() };
  for (const operation of Array.isArray(body) ? (body as readonly unknown[]) : []) {
    if (!isJsonObject(operation)) continue;
    const isSending = operation['op'] === 'add' || operation['op'] === 'replace';
    for (const pointer of [operation['path'], operation['from']]) {
      if (typeof pointer !== 'string') continue;
      const parts = pointer.split('/').slice(1);
      if (parts.length === 0 && isSending) root = { isSent: true, further: new Map() };
      else root.isThrough = true;
      let at = root;
      for (const [index, part] of parts.entries()) {
        const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
        if (index === parts.length - 1) {
          if (isSending && pointer === operation['path']) at.further?.set(name, { isSent: true, further: new Map() });
          break;
        }
        const next: Way = below(at, name) ?? { isSent: false, further: new Map<string, Way>() };
        next.isThrough = true;
        at.further?.set(name, next);
        at = next;
      }
    }
  }
  return root;
}

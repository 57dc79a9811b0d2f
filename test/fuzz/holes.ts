/**
 * Every place of every sample object, one at a time, missing or of a value that is hardly meant: whatever is thrown that is no ApiError
 * would be answered with 500. Goes past HTTP, straight to decoding and the registry, and tries nothing twice.
 */
import { ApiError } from '../../src/api/errors.ts';
import { decodeBody, expectedKind } from '../../src/apiserver/decode.ts';
import type { RequestContext } from '../../src/registry/context.ts';
import { systemUser } from '../../src/registry/context.ts';
import type { Registry, ResourceStore } from '../../src/registry/store.ts';
import { type KindSample, named, samples } from '../compare/cases/samples.ts';

const values = [
  undefined,
  null,
  '',
  ' ',
  0,
  -1,
  2 ** 31,
  '999999999999',
  true,
  [],
  [null],
  [{}],
  {},
  { a: null },
  'a'.repeat(300),
  '__proto__',
];

const context: RequestContext = { user: systemUser('holes'), warn: () => undefined };

export interface Hole {
  readonly what: string;
  readonly error: string;
}

/** One line for each distinct fault, with the first object that shows it. */
export async function holes(registry: Registry, namespace: string, chosen: readonly KindSample[] = samples): Promise<readonly Hole[]> {
  const found = new Map<string, Hole>();
  for (const sample of chosen) {
    const [version = '', group = ''] = sample.apiVersion.split('/').reverse();
    const store = registry.lookup(group, version, sample.resource);
    if (store === undefined) continue;
    const full = JSON.parse(
      JSON.stringify(named(sample, sample.full ?? sample.minimal, 'h'))
        .replaceAll('{ns}', namespace)
        .replaceAll('{run}', 'h'),
    ) as Json;
    const place = { store, namespace: sample.cluster === true ? '' : namespace };
    await note(found, `${sample.kind} as it is`, () => write(place, full, false));
    for (const [path, mutant] of mutants(full)) {
      await note(found, `create ${sample.kind} with ${path}`, () => write(place, mutant, true));
      if (store.definition.virtual === undefined) await note(found, `update ${sample.kind} with ${path}`, () => replace(place, mutant));
    }
  }
  return [...found.values()];
}

type Json = Record<string, unknown>;
type Place = { readonly store: ResourceStore; readonly namespace: string };

function decoded({ store }: Place, object: Json) {
  const body = Buffer.from(JSON.stringify(object));
  return decodeBody(body, expectedKind(store.definition, ''), { encoding: 'json', validation: 'Ignore', warn: () => undefined });
}

async function write(place: Place, object: Json, dryRun: boolean): Promise<void> {
  await place.store.create(place.namespace, decoded(place, object), { ...context, ...(dryRun ? { dryRun } : {}) }, { dryRun });
}

async function replace(place: Place, object: Json): Promise<void> {
  const update = (): ReturnType<typeof decoded> => decoded(place, object);
  const { name } = (object['metadata'] ?? {}) as { name?: unknown };
  if (typeof name !== 'string' || !place.store.definition.verbs.includes('update')) return;
  const request = { namespace: place.namespace, name, subresource: '', update, retryOnConflict: false, dryRun: true };
  await place.store.update(request, { ...context, dryRun: true });
}

async function note(found: Map<string, Hole>, what: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof ApiError && error.reason !== 'InternalError') return;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const where = stack.split('\n').slice(0, 3).join('\n');
    if (!found.has(where)) found.set(where, { what, error: stack.split('\n').slice(0, 6).join('\n') });
  }
}

/** Copies of an object with one place changed. */
function* mutants(object: Json): Iterable<[path: string, mutant: Json]> {
  for (const path of paths(object, [])) {
    for (const value of values) {
      const copy = structuredClone(object);
      put(copy, path, value);
      yield [`${path.join('.')} ${value === undefined ? 'missing' : JSON.stringify(value).slice(0, 40)}`, copy];
    }
  }
}

function* paths(node: unknown, above: readonly string[]): Iterable<readonly string[]> {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    const path = [...above, key];
    yield path;
    yield* paths(value, path);
  }
}

function put(root: Json, path: readonly string[], value: unknown): void {
  let node: Json = root;
  for (const key of path.slice(0, -1)) node = node[key] as Json;
  const last = path.at(-1) ?? '';
  if (value !== undefined) node[last] = value;
  else if (Array.isArray(node)) node.splice(Number(last), 1);
  else Reflect.deleteProperty(node, last);
}

/**
 * Cases worked out from the schema: every field a kind has, whether a sample has it or not, is set to right and wrong values in an object
 * that is created, in one that is there, and in its status.
 */
import { schemaOfKind } from '../../../src/api/schema/facts.ts';
import type { Field, Schema } from '../../../src/api/schema/schema.ts';
import { type Case, patch, post } from '../case.ts';
import { collectionPath, type KindSample, type Named } from '../cases/samples.ts';
import { plausible, valuesOf, wordsOf } from './values.ts';

type Step = string | number;
type Way = readonly Step[];

interface Place {
  readonly way: Way;
  readonly struct: Schema;
  readonly field: Field;
}

export interface FieldTargets {
  /** Does not exist: for dry runs of creation. */
  readonly fresh: Named;
  /** Exists. */
  readonly lasting: Named;
}

/** The template of a pod is walked once, in pods: elsewhere only what lies directly in it. */
const walkedOnce = new Set(['io.k8s.api.core.v1.PodSpec', 'io.k8s.api.core.v1.PersistentVolumeClaimSpec']);
const home = new Set(['Pod', 'PersistentVolumeClaim']);
const deepest = 14;
const skipped = new Set(['apiVersion', 'kind', 'metadata', 'status']);

export function fieldCases(sample: KindSample, { fresh, lasting }: FieldTargets): readonly Case[] {
  const [group = '', version = ''] = sample.apiVersion.includes('/') ? sample.apiVersion.split('/') : ['', sample.apiVersion];
  const schema = schemaOfKind(group, version, sample.kind);
  if (schema === undefined) return [];
  const label = sample.label ?? sample.resource;
  const base = collectionPath(sample);
  const path = `${base}/${lasting.metadata.name}`;
  const mask = sample.mask ?? [];
  const deep = home.has(sample.kind);
  const places = placesOf(schema, { way: [], deep, seen: [] }).filter(({ way }) => !skipped.has(String(way[0])));
  const cases = places.map(({ way, struct, field }): Case => ({
    name: `${label}/add/${way.join('.')}`,
    steps: valuesOf(struct, field).flatMap((value, index) => [
      post(`${base}?dryRun=All`, withValue(fresh, schema, { way, value }), { mask }),
      ...(index < 2 || typeof value === 'string'
        ? [patch('merge', `${path}?dryRun=All`, mergeOf(lasting, schema, { way, value }), { mask })]
        : []),
    ]),
  }));
  const removals = removalCases(places, { label, path, lasting, schema, mask });
  return [...cases, ...removals, ...statusCases(sample, schema, path), ...metadataCases(sample, { fresh, lasting })];
}

interface Removals {
  readonly label: string;
  readonly path: string;
  readonly lasting: Named;
  readonly schema: Schema;
  readonly mask: readonly string[];
}

/** Every field that the lasting object has is taken away from it, and emptied. */
function removalCases(places: readonly Place[], { label, path, lasting, schema, mask }: Removals): Case[] {
  const nothing = { list: [], map: {}, bytes: '' } as const;
  return places
    .filter(({ way }) => valueAt(lasting, way) !== undefined)
    .map(({ way, field: { schema: own } }) => {
      const values = [null, ...(own.type in nothing ? [nothing[own.type as keyof typeof nothing]] : [])];
      return {
        name: `${label}/remove/${way.join('.')}`,
        steps: values.map((value) => patch('merge', `${path}?dryRun=All`, mergeOf(lasting, schema, { way, value }), { mask })),
      };
    });
}

function valueAt(object: unknown, way: Way): unknown {
  return way.reduce<unknown>((inner, step) => (inner as Readonly<Record<Step, unknown>> | undefined | null)?.[step], object);
}

function statusCases(sample: KindSample, schema: Schema, path: string): Case[] {
  const status = schema.fields.get('status');
  if (status === undefined) return [];
  const label = sample.label ?? sample.resource;
  const mask = (sample.mask ?? []).filter((field) => field !== 'status');
  const base = { status: sample.status ?? {} };
  const places = placesOf(schema, { way: [], deep: true, seen: [] }).filter(({ way }) => way[0] === 'status' && way.length > 1);
  return places.map(({ way, struct, field }) => ({
    name: `${label}/status/${way.join('.')}`,
    steps: valuesOf(struct, field).map((value) =>
      patch('merge', `${path}/status?dryRun=All`, withValue(base, schema, { way, value }), { mask }),
    ),
  }));
}

const metadataValues: readonly (readonly [string, readonly unknown[]])[] = [
  ['name', ['', 'A b', 'a.b', 'a:b', 'x'.repeat(64), 'x'.repeat(254), '-a', 'a/b', '.', '..', '1', 7]],
  ['generateName', ['a-', 'A b', 'x'.repeat(300)]],
  ['namespace', ['other', '', 'A b']],
  ['labels', [{ 'a b': '' }, { a: 'b c' }, { '/a': 'b' }, { a: 'x'.repeat(64) }, { a: 1 }, { 'a/b/c': '' }, []]],
  ['annotations', [{ 'a b': '' }, { A: 'x y' }, { a: 'x'.repeat(300_000) }, { a: true }]],
  ['finalizers', [['a'], ['a.b/c'], ['kubernetes'], ['foregroundDeletion', 'orphan'], ['A b'], [''], 'x']],
  [
    'ownerReferences',
    [
      [{}],
      [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b' }],
      [{ apiVersion: 'v1', kind: 'Event', name: 'a', uid: 'b' }],
      [
        { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b', controller: true },
        { apiVersion: 'v1', kind: 'Pod', name: 'c', uid: 'd', controller: true },
      ],
      [{ apiVersion: 'a/b/c', kind: '', name: '', uid: '' }],
      'x',
    ],
  ],
  ['deletionTimestamp', ['2020-01-01T00:00:00Z', 'x']],
  ['deletionGracePeriodSeconds', [5, -1]],
  ['creationTimestamp', ['2020-01-01T00:00:00Z', null]],
  ['uid', ['x', '']],
  ['resourceVersion', ['', '1', '99999999']],
  ['generation', [-1, 7]],
  ['selfLink', ['/x']],
  [
    'managedFields',
    [[], [{}], [{ manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }], [{ operation: 'x' }]],
  ],
];

function metadataCases(sample: KindSample, { fresh, lasting }: FieldTargets): Case[] {
  const label = sample.label ?? sample.resource;
  const base = collectionPath(sample);
  const mask = sample.mask ?? [];
  const path = `${base}/${lasting.metadata.name}?dryRun=All`;
  return metadataValues.map(([name, values]) => ({
    name: `${label}/metadata/${name}`,
    steps: values.flatMap((value) => [
      post(`${base}?dryRun=All`, { ...fresh, metadata: { ...fresh.metadata, [name]: value } }, { mask }),
      patch('merge', path, { metadata: { [name]: value } }, { mask }),
    ]),
  }));
}

interface Walk {
  readonly way: Way;
  readonly deep: boolean;
  readonly seen: readonly string[];
}

function placesOf(struct: Schema, { way, deep, seen }: Walk): Place[] {
  if (seen.includes(struct.name) || way.length > deepest) return [];
  const inside = [...seen, struct.name];
  return [...struct.fields.values()].flatMap((field) => {
    const here = [...way, field.name];
    const place = { way: here, struct, field };
    if (way.length === 0 && field.name === 'metadata') return [];
    const { type, items } = field.schema;
    const [next, further] = type === 'list' ? [items, [...here, 0]] : type === 'map' ? [items, [...here, 'a']] : [field.schema, here];
    const shallow = walkedOnce.has(struct.name) && !deep;
    if (next?.type !== 'struct' || shallow) return [place];
    return [place, ...placesOf(next, { way: further, deep, seen: inside })];
  });
}

/** What is put where. */
interface Change {
  readonly way: Way;
  readonly value: unknown;
}

/** A copy of the object with the value there; what is missing on the way is made up of what its schema requires. */
function withValue(object: unknown, schema: Schema, { way, value }: Change): unknown {
  const [first, ...rest] = way;
  if (first === undefined) return value;
  if (typeof first === 'number') {
    const list = Array.isArray(object) && object.length > 0 ? (object as unknown[]) : [undefined];
    const items = schema.items ?? schema;
    return [withValue(list[0] ?? plausible(items), items, { way: rest, value }), ...list.slice(1)];
  }
  if (schema.type === 'map') {
    const map = (object ?? {}) as Readonly<Record<string, unknown>>;
    const items = schema.items ?? schema;
    return { ...map, [first]: withValue(map[first] ?? plausible(items), items, { way: rest, value }) };
  }
  const field = schema.fields.get(first);
  const holder = typeof object === 'object' && object !== null ? (object as Readonly<Record<string, unknown>>) : {};
  if (field === undefined) return { ...holder, [first]: value };
  const inner = holder[first] ?? (rest.length > 0 ? plausible(field.schema, wordsOf(schema, field)) : undefined);
  return { ...holder, [first]: withValue(inner, field.schema, { way: rest, value }) };
}

/** A merge patch that does the same: lists go whole. */
function mergeOf(object: unknown, schema: Schema, change: Change): unknown {
  const changed = withValue(object, schema, change);
  const to = change.way.findIndex((step) => typeof step === 'number');
  const names = to < 0 ? change.way : change.way.slice(0, to);
  const value = names.reduce<unknown>((inner, step) => (inner as Readonly<Record<string, unknown>>)[step], changed);
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
}

/**
 * Cases made from the samples, one a field: the fuller object with this one field emptied, nonsense, of another type, doubled
 * or gone is created (dry run), and an object that is there has it changed.
 */
import { type Case, patch, post, quiet, remove, type Step } from '../case.ts';
import { collectionPath, named, samples } from './samples.ts';

type Way = readonly (string | number)[];

export function mutationCases(): readonly Case[] {
  return samples.flatMap((sample) => {
    const fields = sample.full ?? sample.minimal;
    const base = collectionPath(sample);
    const label = sample.label ?? sample.resource;
    const mask = sample.mask ?? [];
    const stays = named(sample, fields, 'mutated');
    const path = `${base}/${stays.metadata.name}`;
    const ways = waysOf(fields, []).filter(([first]) => first !== 'metadata');
    const create = named(sample, fields, 'dry');
    const cases = ways.map((way): Case => ({
      name: `${label}/field/${way.join('.')}`,
      steps: [
        ...mutations(valueAt(fields, way)).map((value) => post(`${base}?dryRun=All`, changed(create, way, value), { mask })),
        ...changes(valueAt(fields, way)).map((value): Step => patch('json', `${path}?dryRun=All`, [operation(way, value)], { mask })),
      ],
    }));
    return [
      { name: `${label}/field`, steps: [quiet(post(base, stays))] },
      ...cases,
      { name: `${label}/field/end`, steps: [remove(path, { gracePeriodSeconds: 0 }, { mask: ['details', ...mask] })] },
    ];
  });
}

/** Ways to every field; of lists only into the first element. */
function waysOf(value: unknown, way: Way): Way[] {
  const own = way.length === 0 ? [] : [way];
  if (Array.isArray(value))
    return value.length === 0 ? own : [...own, ...(isPlain(value[0]) ? [] : waysOf(value[0], [...way, 0]).slice(1))];
  if (isPlain(value)) return own;
  return [...own, ...Object.entries(value as object).flatMap(([name, inner]) => waysOf(inner, [...way, name]))];
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function valueAt(value: unknown, way: Way): unknown {
  return way.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown>)[step], value);
}

/** Values to create it with. */
function mutations(value: unknown): unknown[] {
  if (typeof value === 'string') return ['', 'A b/!', 7];
  if (typeof value === 'number') return [-1, 0, 1e9, 'x'];
  if (typeof value === 'boolean') return [!value, 'x'];
  if (!Array.isArray(value)) return [null, {}, 'x'];
  return [null, [], [...(value as unknown[]), ...(value as unknown[])], {}];
}

/** Values to change it to. */
function changes(value: unknown): unknown[] {
  if (typeof value === 'string') return ['other', undefined];
  if (typeof value === 'number') return [value + 1, undefined];
  if (typeof value === 'boolean') return [!value];
  return [undefined];
}

function changed<T>(object: T, way: Way, value: unknown): T {
  const copy = structuredClone(object);
  (valueAt(copy, way.slice(0, -1)) as Record<string | number, unknown>)[way.at(-1) ?? ''] = value;
  return copy;
}

function operation(way: Way, value: unknown): object {
  const path = `/${way.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;
  return value === undefined ? { op: 'remove', path } : { op: 'replace', path, value };
}

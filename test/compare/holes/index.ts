/**
 * The holes of the API, worked out and not remembered: for every kind that is served, every verb with every option and every field with
 * right and wrong values. A group is a kind's cases; they may run side by side, what has to come in order is one case.
 */
import type { Case, Step } from '../case.ts';
import { post, quiet, remove } from '../case.ts';
import { collectionPath, type KindSample, named, samples } from '../cases/samples.ts';
import { fieldCases } from './fields.ts';
import { optionCases } from './options.ts';

export interface HoleGroup {
  readonly prepare: Case;
  readonly cases: readonly Case[];
  readonly clean: readonly Step[];
}

export const groupsAtOnce = 8;
export const casesAtOnce = 6;

export function holeGroups(): readonly HoleGroup[] {
  return samples.map(groupOf);
}

function groupOf(sample: KindSample): HoleGroup {
  const label = sample.label ?? sample.resource;
  const base = collectionPath(sample);
  const body = sample.full ?? sample.minimal;
  const [fresh, lasting] = [named(sample, body, 'fresh'), named(sample, body, 'lasting')];
  return {
    prepare: { name: `${label}/prepare`, steps: [quiet(post(base, lasting))] },
    cases: [...optionCases(sample, lasting), ...fieldCases(sample, { fresh, lasting })],
    clean: [remove(`${base}/${lasting.metadata.name}`, { gracePeriodSeconds: 0 })],
  };
}

/** Does the same with every element, so many at once. */
export async function inParallel<T>(all: readonly T[], atOnce: number, run: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await run(next);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

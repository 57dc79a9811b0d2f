/** The warnings that the owners of templates have in common. */
import type { JobSpec, PersistentVolumeClaimSpec, PodTemplateSpec } from '../../../api/generated/types.ts';
import type { Path } from '../../../api/field-errors.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { fraction, templateWarnings } from './warnings.ts';

interface Versioned {
  readonly metadata: { readonly name: string; readonly generation?: number };
}

/** On create, and on updates that change the spec. */
export function specChanged(object: Versioned, old: Versioned | undefined): boolean {
  return old === undefined || (object.metadata.generation ?? 0) !== (old.metadata.generation ?? 0);
}

/** A name that pods cannot take over as their hosts' name. */
export function podNameWarnings({ metadata }: Versioned): string[] {
  const faults = dns1123LabelFaults(metadata.name);
  const why = 'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
  return faults.length === 0 ? [] : [`metadata.name: ${why}: [${faults.join(' ')}]`];
}

/** The warnings of a kind with a template: about its name when it is new, about the template when that may have changed. */
export function workloadWarnings<T extends Versioned>(
  template: (object: T) => PodTemplateSpec | undefined,
  at: Path,
): (object: T, old: T | undefined) => string[] {
  return (object, old) => [
    ...(old === undefined ? podNameWarnings(object) : []),
    ...(specChanged(object, old) ? templateWarnings(template(object), at) : []),
  ];
}

const manyIndexes =
  'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, ' +
  'Kubernetes might not be able to track completedIndexes when a big number of indexes fail';

/** WarningsForJobSpec of pkg/api/job. */
export function jobSpecWarnings(spec: JobSpec, at: Path): string[] {
  const many = spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 100_000 && (spec.parallelism ?? 0) > 10_000;
  return [...(many ? [`${at.text}: ${manyIndexes}`] : []), ...templateWarnings(spec.template, at.child('template'))];
}

/** GetWarningsForPersistentVolumeClaimSpec. */
export function claimWarnings({ resources }: PersistentVolumeClaimSpec, at: Path): string[] {
  return (['requests', 'limits'] as const).flatMap((field) => {
    const amount = resources?.[field]?.['storage'];
    return amount === undefined ? [] : fraction(amount, at.child('resources', field).key('storage'));
  });
}

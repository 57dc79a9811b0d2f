import type { Container, EphemeralContainer, PodSpec } from '../../../api/generated/types.ts';
import type { Path } from '../../../api/field-errors.ts';

export type PlacedContainer = readonly [container: Container | EphemeralContainer, at: Path];

/** Every container with its place, in the order of VisitContainersWithPath (pkg/api/pod). `at` is the spec's path. */
export function containersOf(spec: PodSpec, at: Path): PlacedContainer[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
    (spec[field] ?? []).map((container, index): PlacedContainer => [container, at.child(field).index(index)]),
  );
}

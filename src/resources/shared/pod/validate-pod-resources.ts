/** What a pod asks for as a whole. validatePodResources of pkg/apis/core/validation/validation.go. */
import type { PodSpec } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, type FieldError, type Path } from '../../../api/field-errors.ts';
import { podLimits, podRequests } from '../../../api/pod-resources.ts';
import { isGiven } from '../../../api/schema/said-empty.ts';
import { parseQuantity, type Quantity } from '../../../api/quantity.ts';
import { resourceErrors } from './validate-resources.ts';
import { entryOf } from '../../../api/entry-of.ts';

export function podResourceErrors(spec: PodSpec, at: Path, claims: ReadonlySet<string>): FieldError[] {
  const { resources } = spec;
  if (resources === undefined) return [];
  const own = at.child('resources');
  if (spec.os?.name === 'windows') return [forbiddenField(own, 'may not be set for a windows pod')];
  const faults: FieldError[] = [];
  if (isGiven(resources, 'claims')) faults.push(forbiddenField(own.child('claims'), 'claims may not be set for Resources at pod-level'));
  resourceErrors(resources, own, { claims, faults, ofPod: true });
  faults.push(...sumErrors(spec, own), ...singleErrors(spec, own));
  return faults;
}

function sumErrors(spec: PodSpec, at: Path): FieldError[] {
  const { resources, overhead: _overhead, ...ofContainers } = spec;
  const compared = (field: 'requests' | 'limits', sums: Iterable<[string, Quantity]>): FieldError[] =>
    [...sums].flatMap(([name, amount]) => {
      const whole = entryOf(resources?.[field], name);
      if (whole === undefined || amount.compare(parseQuantity(whole)) <= 0) return [];
      const why = `must be greater than or equal to aggregate container ${field} of ${amount.toString()}`;
      return [invalid(at.child(field).key(name), parseQuantity(whole).toString(), why)];
    });
  // Huge pages are not promised twice: only they must fit where others may be limited below their sum.
  const pages = [...podLimits(ofContainers)].filter(([name]) => name.startsWith('hugepages-'));
  return [...compared('requests', podRequests(ofContainers)), ...compared('limits', pages)];
}

function singleErrors(spec: PodSpec, at: Path): FieldError[] {
  return spec.containers.flatMap(({ resources }, index) =>
    Object.entries(resources?.limits ?? {}).flatMap(([name, amount]) => {
      const whole = entryOf(spec.resources?.limits, name);
      if (whole === undefined || parseQuantity(amount).compare(parseQuantity(whole)) <= 0) return [];
      const own = at.child('containers').index(index).key(name).child('limits');
      return [
        invalid(own, parseQuantity(amount).toString(), `must be less than or equal to pod limits of ${parseQuantity(whole).toString()}`),
      ];
    }),
  );
}

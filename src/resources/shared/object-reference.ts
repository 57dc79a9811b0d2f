/** References by group, kind and name. validateIngressTypedLocalObjectReference of pkg/apis/networking/validation. */
import { required, type FieldError, type Path } from '../../api/field-errors.ts';
import { dns1123SubdomainFaults, pathSegmentFaults } from '../../api/names.ts';
import { checked } from './names.ts';

interface Reference {
  /** Kept as null where it is not given: Go's field has no omitempty. */
  readonly apiGroup?: string | null;
  readonly kind: string;
  readonly name: string;
}

/** A name that is one part of a path; required. */
export function segmentErrors(value: string | undefined, at: Path): FieldError[] {
  return value === undefined || value === '' ? [required(at)] : checked(at, value, (text) => pathSegmentFaults(text));
}

export function objectReferenceErrors({ apiGroup, kind, name }: Reference, at: Path): FieldError[] {
  return [
    ...(apiGroup === undefined || apiGroup === null ? [] : checked(at.child('apiGroup'), apiGroup, dns1123SubdomainFaults)),
    ...segmentErrors(kind, at.child('kind')),
    ...segmentErrors(name, at.child('name')),
  ];
}

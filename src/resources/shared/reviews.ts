import { invalid, invalidObject, path, required, type FieldError, type Path } from '../../api/field-errors.ts';
import type { SubjectAccessReviewSpec } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import { cloneJson } from '../../api/json.ts';
import type { RequestContext } from '../../registry/context.ts';
import { knownOperatorErrors, requirementErrors } from './selector-validation.ts';

/** A review with its answer. */
export function answered(review: object, status: unknown): KubeObject {
  return { ...cloneJson(review), status } as unknown as KubeObject;
}

/** The asking user as a SubjectAccessReview names one. */
export function asker({ user }: RequestContext): SubjectAccessReviewSpec {
  const extra = Object.fromEntries(Object.entries(user.extra ?? {}).map(([key, values]) => [key, [...values]]));
  return {
    user: user.name,
    groups: [...user.groups],
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    ...(user.extra === undefined ? {} : { extra }),
  };
}

type Attributes = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;
type Selector = NonNullable<NonNullable<Attributes['resourceAttributes']>['fieldSelector' | 'labelSelector']>;

const at = path('spec');

/** What every review of access must ask. pkg/apis/authorization/validation. */
export function questionErrors({ resourceAttributes, nonResourceAttributes }: Attributes): FieldError[] {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined)
    return [
      invalid(
        at.child('nonResourceAttributes'),
        goForm(nonResourceAttributes),
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [invalid(at.child('resourceAttributes'), null, why)];
}

export function goForm({ path: url = '', verb = '' }: NonNullable<Attributes['nonResourceAttributes']>): object {
  return { Path: url, Verb: verb };
}

/** validateResourceAttributes: the selectors; operators that nobody knows are for the authorizer to judge. */
export function selectorErrors({ resourceAttributes }: Attributes): FieldError[] {
  const { fieldSelector, labelSelector } = resourceAttributes ?? {};
  const own = at.child('resourceAttributes');
  const labels = labelSelector?.requirements ?? [];
  return [
    ...selectorFormErrors(fieldSelector, own.child('fieldSelector')),
    ...(fieldSelector?.requirements ?? []).flatMap(({ key, operator, values = [] }, index) => {
      const place = own.child('fieldSelector', 'requirements').index(index);
      return [...(key === '' ? [required(place.child('key'), 'must be specified')] : []), ...knownOperatorErrors(operator, values, place)];
    }),
    ...selectorFormErrors(labelSelector, own.child('labelSelector')),
    ...labels.flatMap((requirement, index) => {
      const place = own.child('labelSelector', 'requirements').index(index);
      return requirementErrors(requirement, place, knownOperatorErrors);
    }),
  ];
}

function selectorFormErrors(selector: Selector | undefined, place: Path): FieldError[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length > 0)
    return [invalid(place.child('rawSelector'), rawSelector, 'may not specified at the same time as requirements')];
  if (rawSelector !== '' || requirements.length > 0) return [];
  return [required(place.child('requirements'), `when ${place.text} is specified, requirements or rawSelector is required`)];
}

/** A review has no metadata; `besides` names what may be there all the same. */
export function metadataErrors(metadata: object, besides = ''): FieldError[] {
  const allowed = besides === '' ? ['managedFields'] : ['managedFields', besides];
  if (Object.keys(metadata).every((name) => allowed.includes(name))) return [];
  return [invalid(path('metadata'), metadata, besides === '' ? 'must be empty' : `must be empty except for ${besides}`)];
}

/** ValidateSubjectAccessReviewSpec. */
export function accessErrors(spec: SubjectAccessReviewSpec): FieldError[] {
  return [...questionErrors(spec), ...subjectErrors(spec), ...selectorErrors(spec)];
}

function subjectErrors({ user = '', groups = [] }: SubjectAccessReviewSpec): FieldError[] {
  const why = 'at least one of user or group must be specified';
  return user === '' && groups.length === 0 ? [invalid(path('spec', 'user'), user, why)] : [];
}

/** Throws 422 with the faults; upstream names no kind then. */
export function refuse(faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalidObject({ group: 'authorization.k8s.io', kind: '' }, '', faults);
}

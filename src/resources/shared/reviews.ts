import { invalid, invalidObject, path, type FieldError } from '../../api/field-errors.ts';
import type { SubjectAccessReviewSpec } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import { cloneJson } from '../../api/json.ts';
import type { RequestContext } from '../../registry/context.ts';

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

/** What every review of access must say. pkg/apis/authorization/validation. */
export function attributeErrors({ resourceAttributes, nonResourceAttributes }: Attributes): FieldError[] {
  const at = path('spec');
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const { path: url = '', verb = '' } = nonResourceAttributes;
    const why = 'cannot be specified in combination with resourceAttributes';
    return [invalid(at.child('nonResourceAttributes'), { Path: url, Verb: verb }, why)];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [invalid(at.child('resourceAttributes'), null, why)];
}

export function subjectErrors({ user = '', groups = [] }: SubjectAccessReviewSpec): FieldError[] {
  const why = 'at least one of user or group must be specified';
  return user === '' && groups.length === 0 ? [invalid(path('spec', 'user'), user, why)] : [];
}

/** Throws 422 with the faults; upstream names no kind then. */
export function refuse(faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalidObject({ group: 'authorization.k8s.io', kind: '' }, '', faults);
}

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

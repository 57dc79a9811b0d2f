import type { LocalSubjectAccessReview } from '../../../api/generated/types.ts';
import { badRequest } from '../../../api/errors.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { answered, attributeErrors, refuse, subjectErrors } from '../../shared/reviews.ts';

export function localsubjectaccessreviews({ reviews }: ResourceDeps): ResourceDefinition {
  return define<LocalSubjectAccessReview>({
    ...fromFacts('authorization.k8s.io', 'v1', 'localsubjectaccessreviews'),
    strategy: {},
    columns: [],
    virtual: async (review, context) => {
      checkNamespace(review);
      refuse([...attributeErrors(review.spec), ...subjectErrors(review.spec)]);
      return answered(review, await reviews.reviewAccess(review.spec, context));
    },
  });
}

function checkNamespace({ metadata, spec }: LocalSubjectAccessReview): void {
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (asked !== metadata.namespace)
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${asked} != ${metadata.namespace ?? ''}`);
}

import type { SubjectAccessReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { answered, attributeErrors, refuse, subjectErrors } from '../../shared/reviews.ts';

export function subjectaccessreviews({ reviews }: ResourceDeps): ResourceDefinition {
  return define<SubjectAccessReview>({
    ...fromFacts('authorization.k8s.io', 'v1', 'subjectaccessreviews'),
    strategy: {},
    columns: [],
    virtual: async (review, context) => {
      refuse([...attributeErrors(review.spec), ...subjectErrors(review.spec)]);
      return answered(review, await reviews.reviewAccess(review.spec, context));
    },
  });
}

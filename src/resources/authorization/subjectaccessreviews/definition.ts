import type { SubjectAccessReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { accessErrors, answered, metadataErrors, refuse } from '../../shared/reviews.ts';

export function subjectaccessreviews({ reviews }: ResourceDeps): ResourceDefinition {
  return define<SubjectAccessReview>({
    ...fromFacts('authorization.k8s.io', 'v1', 'subjectaccessreviews'),
    strategy: {},
    columns: [],
    virtual: async (review, context) => {
      refuse([...accessErrors(review.spec), ...metadataErrors(review.metadata)]);
      return answered(review, await reviews.reviewAccess(review.spec, context));
    },
  });
}

import type { SelfSubjectAccessReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { answered, asker, metadataErrors, questionErrors, refuse, selectorErrors } from '../../shared/reviews.ts';

export function selfsubjectaccessreviews({ reviews }: ResourceDeps): ResourceDefinition {
  return define<SelfSubjectAccessReview>({
    ...fromFacts('authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'),
    strategy: {},
    columns: [],
    virtual: async (review, context) => {
      refuse([...questionErrors(review.spec), ...selectorErrors(review.spec), ...metadataErrors(review.metadata)]);
      return answered(review, await reviews.reviewAccess({ ...asker(context), ...review.spec }, context));
    },
  });
}

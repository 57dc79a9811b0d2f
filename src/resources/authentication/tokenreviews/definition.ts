import { badRequest } from '../../../api/errors.ts';
import type { TokenReview, TokenReviewStatus } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { answered } from '../../shared/reviews.ts';

export function tokenreviews({ reviews }: ResourceDeps): ResourceDefinition {
  return define<TokenReview>({
    ...fromFacts('authentication.k8s.io', 'v1', 'tokenreviews'),
    strategy: {},
    columns: [],
    virtual: async (review, context) => {
      if ((review.spec.token ?? '') === '') throw badRequest('token is required for TokenReview in authentication');
      return answered(review, shown(await reviews.reviewToken(review.spec, context)));
    },
  });
}

/** Go writes a user even when there is none, and leaves out that nobody was authenticated. */
function shown({ authenticated, user = {}, ...others }: TokenReviewStatus): TokenReviewStatus {
  return { ...(authenticated === true ? { authenticated } : {}), user, ...others };
}

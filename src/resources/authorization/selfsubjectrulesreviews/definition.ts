import type { SelfSubjectRulesReview } from '../../../api/generated/types.ts';
import { badRequest } from '../../../api/errors.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { answered } from '../../shared/reviews.ts';

export function selfsubjectrulesreviews({ reviews }: ResourceDeps): ResourceDefinition {
  return define<SelfSubjectRulesReview>({
    ...fromFacts('authorization.k8s.io', 'v1', 'selfsubjectrulesreviews'),
    strategy: {},
    columns: [],
    virtual: async (review, context) => {
      const { namespace = '' } = review.spec;
      if (namespace === '') throw badRequest('no namespace on request');
      return answered({ metadata: {}, spec: {} }, await reviews.reviewRules(namespace, context));
    },
  });
}

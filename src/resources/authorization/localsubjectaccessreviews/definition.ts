import type { LocalSubjectAccessReview } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { accessErrors, answered, goForm, metadataErrors, refuse } from '../../shared/reviews.ts';

export function localsubjectaccessreviews({ reviews }: ResourceDeps): ResourceDefinition {
  return define<LocalSubjectAccessReview>({
    ...fromFacts('authorization.k8s.io', 'v1', 'localsubjectaccessreviews'),
    strategy: {},
    columns: [],
    virtual: async (review, context) => {
      refuse([...accessErrors(review.spec), ...metadataErrors(review.metadata, 'namespace'), ...localErrors(review)]);
      return answered(review, await reviews.reviewAccess(review.spec, context));
    },
  });
}

function localErrors({ metadata, spec: { resourceAttributes, nonResourceAttributes } }: LocalSubjectAccessReview): FieldError[] {
  const asked = resourceAttributes?.namespace ?? '';
  return [
    ...(resourceAttributes !== undefined && asked !== metadata.namespace
      ? [invalid(path('spec', 'resourceAttributes', 'namespace'), asked, 'must match metadata.namespace')]
      : []),
    ...(nonResourceAttributes === undefined
      ? []
      : [invalid(path('spec', 'nonResourceAttributes'), goForm(nonResourceAttributes), 'disallowed on this kind of request')]),
  ];
}

import type { SelfSubjectAccessReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const selfsubjectaccessreviews = define<SelfSubjectAccessReview>({
  ...fromFacts('authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'),
  strategy: {},
  columns: nameAndAge,
});

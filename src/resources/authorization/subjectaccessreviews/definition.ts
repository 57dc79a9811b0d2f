import type { SubjectAccessReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const subjectaccessreviews = define<SubjectAccessReview>({
  ...fromFacts('authorization.k8s.io', 'v1', 'subjectaccessreviews'),
  strategy: {},
  columns: nameAndAge,
});

import type { LocalSubjectAccessReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const localsubjectaccessreviews = define<LocalSubjectAccessReview>({
  ...fromFacts('authorization.k8s.io', 'v1', 'localsubjectaccessreviews'),
  strategy: {},
  columns: nameAndAge,
});

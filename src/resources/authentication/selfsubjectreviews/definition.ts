import type { SelfSubjectReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const selfsubjectreviews = define<SelfSubjectReview>({
  ...fromFacts('authentication.k8s.io', 'v1', 'selfsubjectreviews'),
  strategy: {},
  columns: nameAndAge,
});

import type { SelfSubjectRulesReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const selfsubjectrulesreviews = define<SelfSubjectRulesReview>({
  ...fromFacts('authorization.k8s.io', 'v1', 'selfsubjectrulesreviews'),
  strategy: {},
  columns: nameAndAge,
});

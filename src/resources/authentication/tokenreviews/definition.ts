import type { TokenReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const tokenreviews = define<TokenReview>({
  ...fromFacts('authentication.k8s.io', 'v1', 'tokenreviews'),
  strategy: {},
  columns: nameAndAge,
});

import type { PodDisruptionBudget } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const poddisruptionbudgets = define<PodDisruptionBudget>({
  ...fromFacts('policy', 'v1', 'poddisruptionbudgets'),
  strategy: {},
  columns: nameAndAge,
});

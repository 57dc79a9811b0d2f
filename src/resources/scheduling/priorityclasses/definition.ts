import type { PriorityClass } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const priorityclasses = define<PriorityClass>({
  ...fromFacts('scheduling.k8s.io', 'v1', 'priorityclasses'),
  strategy: {},
  columns: nameAndAge,
});

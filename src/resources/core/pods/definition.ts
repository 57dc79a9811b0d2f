import type { Pod } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const pods = define<Pod>({
  ...fromFacts('', 'v1', 'pods'),
  strategy: {},
  columns: nameAndAge,
});

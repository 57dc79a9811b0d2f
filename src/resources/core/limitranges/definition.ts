import type { LimitRange } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const limitranges = define<LimitRange>({
  ...fromFacts('', 'v1', 'limitranges'),
  strategy: {},
  columns: nameAndAge,
});

import type { StatefulSet } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const statefulsets = define<StatefulSet>({
  ...fromFacts('apps', 'v1', 'statefulsets'),
  strategy: {},
  columns: nameAndAge,
});

import type { ComponentStatus } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const componentstatuses = define<ComponentStatus>({
  ...fromFacts('', 'v1', 'componentstatuses'),
  strategy: {},
  columns: nameAndAge,
});

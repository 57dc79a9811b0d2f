import type { Binding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const bindings = define<Binding>({
  ...fromFacts('', 'v1', 'bindings'),
  strategy: {},
  columns: nameAndAge,
});

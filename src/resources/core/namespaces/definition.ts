import type { Namespace } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const namespaces = define<Namespace>({
  ...fromFacts('', 'v1', 'namespaces'),
  strategy: {},
  columns: nameAndAge,
});

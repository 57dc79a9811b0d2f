import type { RuntimeClass } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const runtimeclasses = define<RuntimeClass>({
  ...fromFacts('node.k8s.io', 'v1', 'runtimeclasses'),
  strategy: {},
  columns: nameAndAge,
});

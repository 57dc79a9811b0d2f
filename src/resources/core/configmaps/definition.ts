import type { ConfigMap } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const configmaps = define<ConfigMap>({
  ...fromFacts('', 'v1', 'configmaps'),
  strategy: {},
  columns: nameAndAge,
});

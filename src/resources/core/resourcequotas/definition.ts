import type { ResourceQuota } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const resourcequotas = define<ResourceQuota>({
  ...fromFacts('', 'v1', 'resourcequotas'),
  strategy: {},
  columns: nameAndAge,
});

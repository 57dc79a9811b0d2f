import type { ServiceAccount } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const serviceaccounts = define<ServiceAccount>({
  ...fromFacts('', 'v1', 'serviceaccounts'),
  strategy: {},
  columns: nameAndAge,
});

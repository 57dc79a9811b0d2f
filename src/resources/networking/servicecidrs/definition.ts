import type { ServiceCIDR } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const servicecidrs = define<ServiceCIDR>({
  ...fromFacts('networking.k8s.io', 'v1', 'servicecidrs'),
  strategy: {},
  columns: nameAndAge,
});

import type { Lease } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const leases = define<Lease>({
  ...fromFacts('coordination.k8s.io', 'v1', 'leases'),
  strategy: {},
  columns: nameAndAge,
});

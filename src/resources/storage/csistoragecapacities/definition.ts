import type { CSIStorageCapacity } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const csistoragecapacities = define<CSIStorageCapacity>({
  ...fromFacts('storage.k8s.io', 'v1', 'csistoragecapacities'),
  strategy: {},
  columns: nameAndAge,
});

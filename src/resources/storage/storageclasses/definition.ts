import type { StorageClass } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const storageclasses = define<StorageClass>({
  ...fromFacts('storage.k8s.io', 'v1', 'storageclasses'),
  strategy: {},
  columns: nameAndAge,
});

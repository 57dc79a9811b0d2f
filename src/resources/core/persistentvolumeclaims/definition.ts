import type { PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const persistentvolumeclaims = define<PersistentVolumeClaim>({
  ...fromFacts('', 'v1', 'persistentvolumeclaims'),
  strategy: {},
  columns: nameAndAge,
});

import type { PersistentVolume } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const persistentvolumes = define<PersistentVolume>({
  ...fromFacts('', 'v1', 'persistentvolumes'),
  strategy: {},
  columns: nameAndAge,
});

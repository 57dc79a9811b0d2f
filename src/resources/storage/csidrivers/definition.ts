import type { CSIDriver } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const csidrivers = define<CSIDriver>({
  ...fromFacts('storage.k8s.io', 'v1', 'csidrivers'),
  strategy: {},
  columns: nameAndAge,
});

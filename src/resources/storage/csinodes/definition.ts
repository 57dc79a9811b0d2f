import type { CSINode } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const csinodes = define<CSINode>({
  ...fromFacts('storage.k8s.io', 'v1', 'csinodes'),
  strategy: {},
  columns: nameAndAge,
});

import type { ReplicaSet } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const replicasets = define<ReplicaSet>({
  ...fromFacts('apps', 'v1', 'replicasets'),
  strategy: {},
  columns: nameAndAge,
});

import type { ClusterRole } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const clusterroles = define<ClusterRole>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'clusterroles'),
  strategy: {},
  columns: nameAndAge,
});

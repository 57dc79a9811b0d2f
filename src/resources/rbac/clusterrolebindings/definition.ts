import type { ClusterRoleBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const clusterrolebindings = define<ClusterRoleBinding>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings'),
  strategy: {},
  columns: nameAndAge,
});

import type { ClusterRoleBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { bindingColumns, bindingStrategy } from '../../shared/rbac.ts';

export const clusterrolebindings = define<ClusterRoleBinding>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings'),
  strategy: bindingStrategy<ClusterRoleBinding>(false),
  columns: bindingColumns<ClusterRoleBinding>(),
});

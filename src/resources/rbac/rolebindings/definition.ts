import type { RoleBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { bindingColumns, bindingStrategy } from '../../shared/rbac.ts';

export const rolebindings = define<RoleBinding>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'rolebindings'),
  strategy: bindingStrategy<RoleBinding>(true),
  columns: bindingColumns<RoleBinding>(),
});

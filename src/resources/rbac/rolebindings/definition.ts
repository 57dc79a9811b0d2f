import type { RoleBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const rolebindings = define<RoleBinding>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'rolebindings'),
  strategy: {},
  columns: nameAndAge,
});

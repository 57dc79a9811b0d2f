import type { Role } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const roles = define<Role>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'roles'),
  strategy: {},
  columns: nameAndAge,
});

import type { Role } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { rbacName, roleColumns, ruleErrors } from '../../shared/rbac.ts';

export const roles = define<Role>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'roles'),
  strategy: { validate: ({ rules }) => ruleErrors(rules, true), validateName: rbacName, allowCreateOnUpdate: true },
  columns: roleColumns,
});

import type { ClusterRole } from '../../../api/generated/types.ts';
import { path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { rbacName, roleColumns, ruleErrors } from '../../shared/rbac.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';

export const clusterroles = define<ClusterRole>({
  ...fromFacts('rbac.authorization.k8s.io', 'v1', 'clusterroles'),
  strategy: { validate, validateName: rbacName, allowCreateOnUpdate: true },
  columns: roleColumns,
});

function validate({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const faults = ruleErrors(rules, false);
  if (aggregationRule === undefined) return faults;
  const at = path('aggregationRule', 'clusterRoleSelectors');
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) return [...faults, required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  return [...faults, ...selectors.flatMap((selector, index) => labelSelectorErrors(selector, at.index(index)))];
}

/** What roles and bindings have in common. pkg/apis/rbac/{v1,validation}. */
import type { ClusterRole, ClusterRoleBinding, RbacV1Subject, RoleBinding } from '../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError, type Path } from '../../api/field-errors.ts';
import { semanticEqual } from '../../api/json.ts';
import { dns1123SubdomainFaults, pathSegmentFaults } from '../../api/names.ts';
import type { Column, Strategy } from '../../registry/definition.ts';
import { age, name, text, wide } from './columns.ts';
import { requiredText } from './checks.ts';
import { checked } from './names.ts';

const group = 'rbac.authorization.k8s.io';
type Rule = NonNullable<ClusterRole['rules']>[number];
type Bound = Pick<RoleBinding | ClusterRoleBinding, 'metadata' | 'roleRef' | 'subjects'>;

/** Names of RBAC objects may hold colons and the like: only what would break a URL's path is refused. */
export const rbacName = (value: string, prefix: boolean): string[] => pathSegmentFaults(value, prefix);

export function ruleErrors(rules: readonly Rule[] | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const at = path('rules').index(index);
    const faults = (rule.verbs ?? []).length === 0 ? [required(at.child('verbs'), 'verbs must contain at least one value')] : [];
    if ((rule.nonResourceURLs ?? []).length > 0) {
      if (namespaced) faults.push(forbidden(at.child('nonResourceURLs'), rule, 'namespaced rules cannot apply to non-resource URLs'));
      if ((rule.apiGroups ?? []).length + (rule.resources ?? []).length + (rule.resourceNames ?? []).length > 0) {
        faults.push(forbidden(at.child('nonResourceURLs'), rule, 'rules cannot apply to both regular resources and non-resource URLs'));
      }
      return faults;
    }
    if ((rule.apiGroups ?? []).length === 0)
      faults.push(required(at.child('apiGroups'), 'resource rules must supply at least one api group'));
    if ((rule.resources ?? []).length === 0)
      faults.push(required(at.child('resources'), 'resource rules must supply at least one resource'));
    return faults;
  });
}

function forbidden(at: Path, { nonResourceURLs }: Rule, why: string): FieldError {
  return { type: 'FieldValueInvalid', field: at.text, body: `Invalid value: ${JSON.stringify(nonResourceURLs)}: ${why}` };
}

export function bindingStrategy<T extends Bound>(namespaced: boolean): Strategy<T> {
  return {
    default({ roleRef, subjects = [] }) {
      roleRef.apiGroup ||= group;
      for (const subject of subjects) if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= group;
    },
    validate: (binding) => bindingErrors(binding, namespaced),
    validateUpdate: (binding, old) => [
      ...bindingErrors(binding, namespaced),
      ...(semanticEqual(binding.roleRef, old.roleRef) ? [] : [invalid(path('roleRef'), inGo(binding.roleRef), 'cannot change roleRef')]),
    ],
    validateName: rbacName,
    allowCreateOnUpdate: true,
  };
}

/** The reference as Go shows its own names. */
function inGo({ apiGroup, kind, name: role }: Bound['roleRef']): unknown {
  return { APIGroup: apiGroup, Kind: kind, Name: role };
}

function bindingErrors({ roleRef, subjects = [] }: Bound, namespaced: boolean): FieldError[] {
  const at = path('roleRef');
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const faults = roleRef.apiGroup === group ? [] : [notSupported(at.child('apiGroup'), roleRef.apiGroup, [group])];
  if (!kinds.includes(roleRef.kind)) faults.push(notSupported(at.child('kind'), roleRef.kind, kinds));
  if (roleRef.name === '') faults.push(required(at.child('name')));
  else faults.push(...checked(at.child('name'), roleRef.name, (value) => rbacName(value, false)));
  return [...faults, ...subjects.flatMap((subject, index) => subjectErrors(subject, path('subjects').index(index), namespaced))];
}

function subjectErrors({ apiGroup = '', kind, name: subject, namespace = '' }: RbacV1Subject, at: Path, namespaced: boolean): FieldError[] {
  const faults = requiredText(at.child('name'), subject);
  if (kind === 'ServiceAccount') {
    if (subject !== '') faults.push(...checked(at.child('name'), subject, dns1123SubdomainFaults));
    if (apiGroup !== '') faults.push(notSupported(at.child('apiGroup'), apiGroup, ['']));
    if (!namespaced && namespace === '') faults.push(required(at.child('namespace')));
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== group) faults.push(notSupported(at.child('apiGroup'), apiGroup, [group]));
  } else faults.push(notSupported(at.child('kind'), kind, ['ServiceAccount', 'User', 'Group']));
  return faults;
}

export function bindingColumns<T extends Bound>(): readonly Column<T>[] {
  const names = ({ subjects = [] }: T, kind: string): string =>
    subjects
      .filter((subject) => subject.kind === kind)
      .map((subject) =>
        kind !== 'ServiceAccount' || (subject.namespace ?? '') === '' ? subject.name : `${subject.namespace ?? ''}/${subject.name}`,
      )
      .join(', ');
  return [
    name,
    text('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
    age,
    wide('Users', (binding) => names(binding, 'User')),
    wide('Groups', (binding) => names(binding, 'Group')),
    wide('ServiceAccounts', (binding) => names(binding, 'ServiceAccount')),
  ];
}

/** Roles have no printer upstream: name and creation time, as every kind without one. */
export const roleColumns: readonly Column<ClusterRole>[] = [
  name,
  { ...text<ClusterRole>('Created At', ({ metadata }) => metadata.creationTimestamp), type: 'date' },
];

/** What admission is asked about: rules, selectors, conditions. pkg/apis/admissionregistration/validation/validation.go. */
import type { MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations } from '../../../api/generated/types.ts';
import { duplicate, invalid, notSupported, required, tooMany, type FieldError, type Path } from '../../../api/field-errors.ts';
import { pathSegmentFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { optionalOneOf } from '../checks.ts';
import { checked } from '../names.ts';
import { labelSelectorErrors } from '../selector-validation.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const maxConditions = 64;
export const failurePolicies = ['Fail', 'Ignore'];
export const matchPolicies = ['Equivalent', 'Exact'];

export function ruleErrors(rule: RuleWithOperations, at: Path): FieldError[] {
  const { apiGroups = [], apiVersions = [], operations: asked = [], resources = [], scope } = rule;
  return [
    ...alone(asked, at.child('operations'), 'operations'),
    ...asked.flatMap((operation, index) =>
      operations.includes(operation) ? [] : [notSupported(at.child('operations').index(index), operation, operations)],
    ),
    ...alone(apiGroups, at.child('apiGroups'), 'API groups'),
    ...alone(apiVersions, at.child('apiVersions'), 'API versions'),
    ...apiVersions.flatMap((version, index) => (version === '' ? [required(at.child('apiVersions').index(index))] : [])),
    ...resourcesErrors(resources, at.child('resources')),
    ...optionalOneOf(at.child('scope'), scope, ['*', 'Cluster', 'Namespaced']),
  ];
}

/** A list that may not be empty, and in which `*` stands alone. */
function alone(list: readonly string[], at: Path, what: string): FieldError[] {
  if (list.length === 0) return [required(at)];
  return list.length > 1 && list.includes('*') ? [invalid(at, list, `if '*' is present, must not specify other ${what}`)] : [];
}

function resourcesErrors(resources: readonly string[], at: Path): FieldError[] {
  const faults = resources.length === 0 ? [required(at)] : [];
  const allOf = new Set<string>();
  const ofAll = new Set<string>();
  let withoutSubresource = false;
  for (const [index, resource] of resources.entries()) {
    const own = at.index(index);
    if (resource === '') faults.push(required(own));
    const slash = resource.indexOf('/');
    if (slash < 0) {
      if (resource !== '') withoutSubresource = resource !== '*';
      continue;
    }
    const [name, sub] = [resource.slice(0, slash), resource.slice(slash + 1)];
    if (allOf.has(name)) faults.push(invalid(own, resource, `if '${name}/*' is present, must not specify ${resource}`));
    if (ofAll.has(sub)) faults.push(invalid(own, resource, `if '*/${sub}' is present, must not specify ${resource}`));
    if (sub === '*') allOf.add(name);
    if (name === '*') ofAll.add(sub);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    faults.push(invalid(at, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && withoutSubresource)
    faults.push(invalid(at, resources, "if '*' is present, must not specify other resources without subresources"));
  return faults;
}

export function matchErrors(match: MatchResources | undefined, at: Path): FieldError[] {
  if (match === undefined) return [];
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...(matchPolicy === undefined
      ? [required(at.child('matchPolicy'))]
      : optionalOneOf(at.child('matchPolicy'), matchPolicy, matchPolicies)),
    ...labelSelectorErrors(namespaceSelector, at.child('namespaceSelector')),
    ...labelSelectorErrors(objectSelector, at.child('objectSelector')),
    ...resourceRules.flatMap((rule, index) => namedRuleErrors(rule, at.child('resourceRules').index(index))),
    ...excludeResourceRules.flatMap((rule, index) => namedRuleErrors(rule, at.child('excludeResourceRules').index(index))),
  ];
}

function namedRuleErrors(rule: NamedRuleWithOperations, at: Path): FieldError[] {
  const names = rule.resourceNames ?? [];
  return [
    ...names.flatMap((name, index) => {
      const own = at.child('resourceNames').index(index);
      return [...checked(own, name, (text) => pathSegmentFaults(text)), ...(names.indexOf(name) < index ? [duplicate(own, name)] : [])];
    }),
    ...ruleErrors(rule, at),
  ];
}

/** Expressions are not compiled: there is no CEL here yet. */
export function conditionErrors(conditions: readonly MatchCondition[] | undefined, at: Path): FieldError[] {
  const all = conditions ?? [];
  return [
    ...(all.length > maxConditions ? [tooMany(at, all.length, maxConditions)] : []),
    ...all.flatMap(({ name, expression }, index) => {
      const own = at.index(index);
      const isTaken = name !== '' && all.findIndex((other) => other.name === name) < index;
      return [
        ...(expression.trim() === '' ? [required(own.child('expression'))] : []),
        ...(name === '' ? [required(own.child('name'))] : checked(own.child('name'), name, qualifiedNameFaults)),
        ...(isTaken ? [duplicate(own.child('name'), name)] : []),
      ];
    }),
  ];
}

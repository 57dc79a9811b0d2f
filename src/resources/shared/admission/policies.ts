/**
 * Admission policies and their bindings. pkg/apis/admissionregistration/validation/validation.go. Expressions are not compiled:
 * there is no CEL here yet.
 */
import type * as t from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1035LabelFaults, dns1123SubdomainFaults, pathSegmentFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { optionalOneOf } from '../checks.ts';
import { conditionListErrors } from '../condition-list.ts';
import { checked } from '../names.ts';
import { labelSelectorErrors } from '../selector-validation.ts';
import { conditionErrors, failurePolicies, matchErrors } from './rules.ts';

const at = path('spec');
const maxAuditAnnotations = 20;
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const isBlank = (text: string | undefined): boolean => (text ?? '').trim() === '';

type PolicySpec = t.ValidatingAdmissionPolicySpec | t.MutatingAdmissionPolicySpec;

/** What policies of both kinds begin with. */
function policyErrors(spec: PolicySpec, mutating: boolean): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables = [] } = spec;
  const match = at.child('matchConstraints');
  return [
    ...(failurePolicy === undefined
      ? [required(at.child('failurePolicy'))]
      : optionalOneOf(at.child('failurePolicy'), failurePolicy, failurePolicies)),
    ...(paramKind === undefined ? [] : paramKindErrors(paramKind, at.child('paramKind'))),
    ...(matchConstraints === undefined ? [required(match)] : matchErrors(matchConstraints, match)),
    ...(matchConstraints !== undefined && (matchConstraints.resourceRules ?? []).length === 0
      ? [required(match.child('resourceRules'))]
      : []),
    ...(mutating ? operationErrors(matchConstraints, match) : []),
    ...conditionErrors(matchConditions, at.child('matchConditions')),
    ...variables.flatMap((variable, index) => variableErrors(variable, at.child('variables').index(index))),
  ];
}

function operationErrors(match: t.MatchResources | undefined, own: Path): FieldError[] {
  const asked = (match?.resourceRules ?? []).flatMap((rule) => rule.operations ?? []);
  const field = own.child('resourceRules', 'operations');
  return asked.filter((one) => !mutatingOperations.includes(one)).map((one) => notSupported(field, one, mutatingOperations));
}

function paramKindErrors({ apiVersion = '', kind = '' }: t.ParamKind, own: Path): FieldError[] {
  const lower = dns1035LabelFaults(kind.toLowerCase());
  const why = 'may have mixed case, but should otherwise match: ';
  return [
    ...paramVersionErrors(apiVersion, own.child('apiVersion')),
    ...(kind === '' ? [required(own.child('kind'))] : lower.length > 0 ? [invalid(own.child('kind'), kind, why + lower.join(','))] : []),
  ];
}

function paramVersionErrors(apiVersion: string, field: Path): FieldError[] {
  if (apiVersion === '') return [required(field)];
  const parts = apiVersion.split('/');
  if (parts.length > 2) return [invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const [group = '', version = ''] = parts.length === 2 ? parts : ['', parts[0]];
  const [groupFaults, versionFaults] = [group === '' ? [] : dns1123SubdomainFaults(group), dns1035LabelFaults(version)];
  return [
    ...(groupFaults.length > 0 ? [invalid(field, group, groupFaults.join(','))] : []),
    ...(version === ''
      ? [invalid(field, apiVersion, 'version must be specified')]
      : versionFaults.length > 0
        ? [invalid(field, version, versionFaults.join(','))]
        : []),
  ];
}

/** Words that CEL keeps for itself. */
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

function variableErrors({ name, expression }: t.Variable, own: Path): FieldError[] {
  const isName = /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reserved.has(name);
  return [
    ...(isBlank(name)
      ? [required(own.child('name'), 'name is not specified')]
      : isName
        ? []
        : [invalid(own.child('name'), name, 'must be a valid CEL identifier')]),
    ...(isBlank(expression) ? [required(own.child('expression'), 'expression is not specified')] : []),
  ];
}

export function validatePolicy({ metadata, spec }: t.ValidatingAdmissionPolicy): FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec;
  const faults = policyErrors(spec, false);
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    return [...faults, required(at.child('validations'), why), required(at.child('auditAnnotations'), why)];
  }
  faults.push(...validations.flatMap((one, index) => validationErrors(one, at.child('validations').index(index))));
  const own = at.child('auditAnnotations');
  if (auditAnnotations.length > maxAuditAnnotations)
    faults.push(invalid(own, auditAnnotations, `must not have more than ${String(maxAuditAnnotations)} auditAnnotations`));
  for (const [index, { key, valueExpression }] of auditAnnotations.entries()) {
    const field = own.index(index);
    if ((metadata.name ?? '') === '') faults.push(invalid(field.child('key'), key, 'requires metadata.name be non-empty'));
    else faults.push(...checked(field.child('key'), `${metadata.name}/${key}`, qualifiedNameFaults));
    if (isBlank(valueExpression)) faults.push(required(field.child('valueExpression'), 'valueExpression is not specified'));
    if (auditAnnotations.findIndex((other) => other.key === key) < index) faults.push(duplicate(field.child('key'), key));
  }
  return faults;
}

/** What the type checker found; expressions in it are not read as JSONPath. */
export function policyStatusErrors({ status }: t.ValidatingAdmissionPolicy): FieldError[] {
  const own = path('status');
  const warnings = own.child('typeChecking', 'expressionWarnings');
  return [
    ...(status.typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef }, index) => [
      ...(warning === '' ? [required(warnings.index(index).child('warning'))] : []),
      ...(isBlank(fieldRef) ? [required(warnings.index(index).child('fieldRef'))] : []),
    ]),
    ...conditionListErrors(status.conditions, own.child('conditions')),
  ];
}

function validationErrors({ expression, message = '', messageExpression = '', reason }: t.Validation, own: Path): FieldError[] {
  const blank = 'must be non-empty if specified';
  return [
    ...(isBlank(expression) ? [required(own.child('expression'), 'expression is not specified')] : []),
    ...(messageExpression !== '' && isBlank(messageExpression) ? [invalid(own.child('messageExpression'), messageExpression, blank)] : []),
    ...(message !== '' && isBlank(message)
      ? [invalid(own.child('message'), message, blank)]
      : /[\n\r]/.test(message.trim())
        ? [invalid(own.child('message'), message, 'must not contain line breaks')]
        : []),
    ...optionalOneOf(own.child('reason'), reason, ['Forbidden', 'Invalid', 'RequestEntityTooLarge']),
  ];
}

export function validateMutatingPolicy({ spec }: t.MutatingAdmissionPolicy): FieldError[] {
  const { mutations = [], reinvocationPolicy = '' } = spec;
  const reinvocation = at.child('reinvocationPolicy');
  return [
    ...policyErrors(spec, true),
    ...(mutations.length === 0 ? [required(at.child('mutations'), 'mutations must contain at least one item')] : []),
    ...mutations.flatMap((mutation, index) => mutationErrors(mutation, at.child('mutations').index(index))),
    ...(reinvocationPolicy === '' ? [required(reinvocation)] : optionalOneOf(reinvocation, reinvocationPolicy, ['IfNeeded', 'Never'])),
  ];
}

function mutationErrors({ patchType, jsonPatch, applyConfiguration }: t.Mutation, own: Path): FieldError[] {
  const kinds = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;
  if (patchType === '') return [required(own.child('patchType'))];
  if (patchType !== 'JSONPatch' && patchType !== 'ApplyConfiguration')
    return [notSupported(own.child('patchType'), patchType, Object.keys(kinds))];
  const [wanted, value] = [kinds[patchType], patchType === 'JSONPatch' ? jsonPatch : applyConfiguration];
  const [other, stray] =
    patchType === 'JSONPatch' ? (['applyConfiguration', applyConfiguration] as const) : (['jsonPatch', jsonPatch] as const);
  return [
    ...(value === undefined
      ? [required(own.child(wanted), `must be specified when patchType is ${patchType}`)]
      : isBlank(value.expression)
        ? [required(own.child(wanted, 'expression'))]
        : []),
    ...(stray === undefined ? [] : [invalid(own.child(other), `{${other}}`, `must not be specified when patchType is ${patchType}`)]),
  ];
}

type BindingSpec = t.ValidatingAdmissionPolicyBindingSpec | t.MutatingAdmissionPolicyBindingSpec;

function bindingErrors({ policyName = '', paramRef, matchResources }: BindingSpec): FieldError[] {
  const field = at.child('policyName');
  return [
    ...(policyName === '' ? [required(field)] : checked(field, policyName, dns1123SubdomainFaults)),
    ...(paramRef === undefined ? [] : paramRefErrors(paramRef, at.child('paramRef'))),
    ...matchErrors(matchResources, at.child('matchResources')),
  ];
}

function paramRefErrors({ name = '', selector, parameterNotFoundAction: action = '' }: t.ParamRef, own: Path): FieldError[] {
  const both = name !== '' && selector !== undefined;
  const why = 'name and selector are mutually exclusive';
  const field = own.child('parameterNotFoundAction');
  return [
    ...(name === '' ? [] : checked(own.child('name'), name, (text) => pathSegmentFaults(text))),
    ...(both ? [forbiddenField(own.child('name'), why)] : []),
    ...labelSelectorErrors(selector, own.child('selector')),
    ...(both ? [forbiddenField(own.child('selector'), why)] : []),
    ...(name === '' && selector === undefined ? [required(own, 'one of name or selector must be specified')] : []),
    ...(action === '' ? [required(field)] : optionalOneOf(field, action, ['Deny', 'Allow'])),
  ];
}

export function validateBinding({ spec }: t.ValidatingAdmissionPolicyBinding): FieldError[] {
  const actions = (spec.validationActions as readonly string[] | null) ?? [];
  const known = ['Audit', 'Deny', 'Warn'];
  const own = at.child('validationActions');
  const twice = 'repeating the same validation failure information in the API response and headers serves no purpose';
  return [
    ...bindingErrors(spec),
    ...actions.flatMap((action, index) => [
      ...(known.includes(action) ? [] : [notSupported(own.index(index), action, known)]),
      ...(actions.indexOf(action) < index ? [duplicate(own.index(index), action)] : []),
    ]),
    ...(actions.includes('Deny') && actions.includes('Warn')
      ? [invalid(own, actions, `must not contain both Deny and Warn (${twice})`)]
      : []),
    ...(actions.length === 0 ? [required(own, 'at least one validation action is required')] : []),
  ];
}

export function validateMutatingBinding({ spec }: t.MutatingAdmissionPolicyBinding): FieldError[] {
  return [...bindingErrors(spec), ...operationErrors(spec.matchResources, at.child('matchResources'))];
}

/** ValidateFlowSchemaSpec of pkg/apis/flowcontrol/validation. */
import type { FlowSchema } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';
import { mandatorySchemaErrors } from '../mandatory.ts';

type Rule = NonNullable<FlowSchema['spec']['rules']>[number];
type Subject = Rule['subjects'][number];

const at = path('spec');
const maxPrecedence = 10_000;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const distinguishers = ['ByNamespace', 'ByUser'];

export function validateFlowSchema(schema: FlowSchema): FieldError[] {
  const { metadata, spec } = schema;
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
  const faults: FieldError[] = [];
  const rank = at.child('matchingPrecedence');
  if (precedence <= 0) faults.push(invalid(rank, precedence, 'must be a positive value'));
  if (precedence > maxPrecedence) faults.push(invalid(rank, precedence, `must not be greater than ${String(maxPrecedence)}`));
  if (precedence === 1 && metadata.name !== 'exempt')
    faults.push(invalid(rank, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  if (distinguisherMethod !== undefined && !distinguishers.includes(distinguisherMethod.type)) {
    const shown = internalForm('flowcontrol.FlowDistinguisherMethod', distinguisherMethod);
    faults.push(notSupported(at.child('distinguisherMethod', 'type'), shown, distinguishers));
  }
  const level = at.child('priorityLevelConfiguration', 'name');
  if (priorityLevelConfiguration.name === '') faults.push(required(level, 'must reference a priority level'));
  else faults.push(...checked(level, priorityLevelConfiguration.name, dns1123SubdomainFaults));
  faults.push(...rules.flatMap((rule, index) => ruleErrors(rule, at.child('rules').index(index))));
  return [...faults, ...mandatorySchemaErrors(schema)];
}

/** Lists that must be there may be null all the same. */
const listOf = <T>(list: readonly T[] | null): readonly T[] => list ?? [];

function ruleErrors({ subjects: given, resourceRules = [], nonResourceRules = [] }: Rule, own: Path): FieldError[] {
  const subjects = listOf(given);
  return [
    ...(subjects.length === 0 ? [required(own.child('subjects'), 'subjects must contain at least one value')] : []),
    ...subjects.flatMap((subject, index) => subjectErrors(subject, own.child('subjects').index(index))),
    ...(resourceRules.length === 0 && nonResourceRules.length === 0
      ? [required(own, 'at least one of resourceRules and nonResourceRules has to be non-empty')]
      : []),
    ...resourceRules.flatMap((rule, index) => resourceRuleErrors(rule, own.child('resourceRules').index(index))),
    ...nonResourceRules.flatMap((rule, index) => urlRuleErrors(rule, own.child('nonResourceRules').index(index))),
  ];
}

const kindOfField = { serviceAccount: 'ServiceAccount', user: 'User', group: 'Group' } as const;

function subjectErrors(subject: Subject, own: Path): FieldError[] {
  const kinds = ['Group', 'ServiceAccount', 'User'];
  if (!kinds.includes(subject.kind)) return [notSupported(own.child('kind'), subject.kind, kinds)];
  const faults: FieldError[] = [];
  for (const [field, kind] of Object.entries(kindOfField) as [keyof typeof kindOfField, string][]) {
    const value = subject[field];
    if (kind === subject.kind) {
      if (value === undefined) faults.push(required(own.child(field), `${field} is required when subject kind is '${kind}'`));
      else faults.push(...namedSubjectErrors(value, field, own.child(field)));
    } else if (value !== undefined)
      faults.push(forbiddenField(own.child(field), `${field} is forbidden when subject kind is not '${kind}'`));
  }
  return faults;
}

function namedSubjectErrors(value: { name: string; namespace?: string }, field: string, own: Path): FieldError[] {
  const { name, namespace = '' } = value;
  const missing = name === '' ? [required(own.child('name'))] : [];
  if (field !== 'serviceAccount') return missing;
  return [
    ...missing,
    ...(name === '' || name === '*' ? [] : checked(own.child('name'), name, dns1123SubdomainFaults)),
    ...(namespace === ''
      ? [required(own.child('namespace'), 'must specify namespace for service account')]
      : checked(own.child('namespace'), namespace, dns1123LabelFaults)),
  ];
}

function verbErrors(list: readonly string[], own: Path): FieldError[] {
  if (list.length === 0) return [required(own, 'verbs must contain at least one value')];
  if (list.includes('*')) return list.length > 1 ? [invalid(own, list, "if '*' is present, must not specify other verbs")] : [];
  return list.every((verb) => verbs.includes(verb)) ? [] : [notSupported(own, list, verbs)];
}

function listErrors(list: readonly string[], own: Path, one: string, others: string): FieldError[] {
  if (list.length === 0) return [required(own, `resource rules must supply at least one ${one}`)];
  return list.length > 1 && list.includes('*') ? [invalid(own, list, `if '*' is present, must not specify other ${others}`)] : [];
}

function resourceRuleErrors(rule: NonNullable<Rule['resourceRules']>[number], own: Path): FieldError[] {
  const { clusterScope } = rule;
  const namespaces = listOf(rule.namespaces ?? null);
  const field = own.child('namespaces');
  const faults = [
    ...verbErrors(listOf(rule.verbs), own.child('verbs')),
    ...listErrors(listOf(rule.apiGroups), own.child('apiGroups'), 'api group', 'api groups'),
    ...listErrors(listOf(rule.resources), own.child('resources'), 'resource', 'resources'),
  ];
  if (namespaces.length === 0 && clusterScope !== true) {
    faults.push(required(field, 'resource rules that are not cluster scoped must supply at least one namespace'));
  } else if (namespaces.includes('*')) {
    if (namespaces.length > 1) faults.push(invalid(field, namespaces, "if '*' is present, must not specify other namespaces"));
  } else {
    const frame = "each member of this list must be '*' or a DNS-1123 label; ";
    for (const [index, name] of namespaces.entries())
      faults.push(...dns1123LabelFaults(name).map((fault) => invalid(field.index(index), name, frame + fault)));
  }
  return faults;
}

function urlRuleErrors(rule: NonNullable<Rule['nonResourceRules']>[number], own: Path): FieldError[] {
  const [list, urls] = [listOf(rule.verbs), listOf(rule.nonResourceURLs)];
  const field = own.child('nonResourceURLs');
  const faults = verbErrors(list, own.child('verbs'));
  if (urls.length === 0) faults.push(required(field, 'nonResourceURLs must contain at least one value'));
  else if (urls.includes('*')) {
    if (urls.length > 1) faults.push(invalid(field, urls, "if '*' is present, must not specify other non-resource URLs"));
  } else faults.push(...urls.flatMap((url, index) => urlErrors(url, field.index(index))));
  return faults;
}

/** ValidateNonResourceURLPath. */
function urlErrors(url: string, field: Path): FieldError[] {
  if (url === '') return [invalid(field, url, 'must not be empty')];
  if (url === '/') return [];
  if (!url.startsWith('/')) return [invalid(field, url, 'must start with slash')];
  if (url.includes(' ')) return [invalid(field, url, 'must not contain white-space')];
  if (url.includes('//')) return [invalid(field, url, 'must not contain double slash')];
  const star = url.indexOf('*');
  if (star >= 0 && (star !== url.length - 1 || !url.endsWith('/*'))) return [invalid(field, url, 'wildcard can only do suffix matching')];
  return [];
}

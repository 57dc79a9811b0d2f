/** What a Job says about pods that fail and about when it has succeeded. pkg/apis/batch/validation/validation.go. */
import type { JobSpec } from '../../../api/generated/types.ts';
import {
  duplicate,
  invalid,
  invalidWithoutValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  type FieldError,
  type Path,
} from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { nonNegative } from '../../shared/checks.ts';
import { checked } from '../../shared/names.ts';
import { countIndexes } from './indexes.ts';

type FailureRule = NonNullable<JobSpec['podFailurePolicy']>['rules'][number];
type ExitCodes = NonNullable<FailureRule['onExitCodes']>;
type SuccessRule = NonNullable<JobSpec['successPolicy']>['rules'][number];

const maxRules = 20;
const maxPatterns = 20;
const maxExitCodes = 255;
const maxSucceededIndexes = 64 * 1024;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const listed = (values: readonly string[]): string => `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;

export function failurePolicyErrors({ podFailurePolicy, backoffLimitPerIndex, template }: JobSpec, at: Path): FieldError[] {
  const rules = podFailurePolicy?.rules ?? [];
  const own = at.child('rules');
  const { containers = [], initContainers = [] } = template.spec ?? {};
  const names = new Set([...containers, ...initContainers].map((container) => container.name));
  return [
    ...(rules.length > maxRules ? [tooMany(own, rules.length, maxRules)] : []),
    ...rules.flatMap((rule, index) => ruleErrors(rule, own.index(index), { names, perIndex: backoffLimitPerIndex !== undefined })),
  ];
}

function ruleErrors(rule: FailureRule, at: Path, { names, perIndex }: { names: ReadonlySet<string>; perIndex: boolean }): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const own = at.child('action');
  const faults: FieldError[] = [];
  if (action === '') faults.push(required(own, listed(actions)));
  else if (!actions.includes(action)) faults.push(notSupported(own, action, actions));
  else if (action === 'FailIndex' && !perIndex) faults.push(invalid(own, action, 'requires the backoffLimitPerIndex to be set'));
  if (onExitCodes !== undefined) faults.push(...exitCodeErrors(onExitCodes, at.child('onExitCodes'), names));
  if (onPodConditions.length > 0) faults.push(...conditionErrors(onPodConditions, at.child('onPodConditions')));
  if (onExitCodes !== undefined && onPodConditions.length > 0)
    faults.push(invalidWithoutValue(at, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (onExitCodes === undefined && onPodConditions.length === 0)
    faults.push(invalidWithoutValue(at, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return faults;
}

function conditionErrors(patterns: NonNullable<FailureRule['onPodConditions']>, at: Path): FieldError[] {
  const states = ['False', 'True', 'Unknown'];
  return [
    ...(patterns.length > maxPatterns ? [tooMany(at, patterns.length, maxPatterns)] : []),
    ...patterns.flatMap(({ type, status = '' }, index) => {
      const own = at.index(index);
      const field = own.child('status');
      return [
        ...checked(own.child('type'), type, qualifiedNameFaults),
        ...(status === '' ? [required(field, listed(states))] : states.includes(status) ? [] : [notSupported(field, status, states)]),
      ];
    }),
  ];
}

function exitCodeErrors({ operator, containerName, values }: ExitCodes, at: Path, names: ReadonlySet<string>): FieldError[] {
  const operators = ['In', 'NotIn'];
  const faults: FieldError[] = [];
  if (operator === '') faults.push(required(at.child('operator'), listed(operators)));
  else if (!operators.includes(operator)) faults.push(notSupported(at.child('operator'), operator, operators));
  if (containerName !== undefined && !names.has(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    faults.push(invalid(at.child('containerName'), containerName, why));
  }
  const own = at.child('values');
  if (values.length === 0) faults.push(invalid(own, values, 'at least one value is required'));
  else if (values.length > maxExitCodes) faults.push(tooMany(own, values.length, maxExitCodes));
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0) faults.push(invalid(own.index(index), value, 'must not be 0 for the In operator'));
    if (values.indexOf(value) < index) faults.push(duplicate(own.index(index), value));
  }
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? 0) > value)) faults.push(invalid(own, values, 'must be ordered'));
  return faults;
}

export function successPolicyErrors({ successPolicy, completions = 0 }: JobSpec, at: Path): FieldError[] {
  const rules = successPolicy?.rules ?? [];
  const own = at.child('rules');
  return [
    ...(rules.length === 0 ? [required(own, 'at least one rules must be specified when the successPolicy is specified')] : []),
    ...(rules.length > maxRules ? [tooMany(own, rules.length, maxRules)] : []),
    ...rules.flatMap((rule, index) => successRuleErrors(rule, own.index(index), completions)),
  ];
}

function successRuleErrors({ succeededCount: count, succeededIndexes: indexes }: SuccessRule, at: Path, completions: number): FieldError[] {
  const faults: FieldError[] = [];
  if (count === undefined && indexes === undefined)
    faults.push(required(at, 'at least one of succeededCount or succeededIndexes must be specified'));
  let total = 0;
  if (indexes !== undefined) {
    const own = at.child('succeededIndexes');
    if (Buffer.byteLength(indexes) > maxSucceededIndexes) faults.push(tooLong(own, maxSucceededIndexes));
    const counted = countIndexes(indexes, completions);
    if (typeof counted === 'string') faults.push(invalid(own, indexes, `error parsing succeededIndexes: ${counted}`));
    else total = counted;
  }
  if (count === undefined) return faults;
  const own = at.child('succeededCount');
  faults.push(...nonNegative(own, count));
  const atMost = (most: number, what: string): FieldError =>
    invalid(own, count, `must be less than or equal to ${String(most)} (the number of ${what})`);
  if (count > completions) faults.push(atMost(completions, 'specified completions'));
  if (indexes !== undefined && count > total) faults.push(atMost(total, 'indexes in the specified succeededIndexes field'));
  return faults;
}

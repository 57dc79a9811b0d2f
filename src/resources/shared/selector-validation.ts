import type { LabelSelector } from '../../api/generated/types.ts';
import { forbiddenField, invalid, required, type FieldError, type Path } from '../../api/field-errors.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../api/names.ts';
import { checked, labelsErrors } from './names.ts';

const operators: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** ValidateLabelSelector of apimachinery pkg/apis/meta/v1/validation. */
export function labelSelectorErrors(selector: LabelSelector | undefined, at: Path): FieldError[] {
  if (selector === undefined) return [];
  const expressions = selector.matchExpressions ?? [];
  return [
    ...labelsErrors(at.child('matchLabels'), selector.matchLabels),
    ...expressions.flatMap((expression, index) => requirementErrors(expression, at.child('matchExpressions').index(index), operatorErrors)),
  ];
}

/** ValidateLabelSelectorRequirement. */
export function requirementErrors(
  { key, operator, values = [] }: Requirement,
  at: Path,
  operatorRule: (operator: string, values: readonly string[], at: Path) => FieldError[],
): FieldError[] {
  return [
    ...operatorRule(operator, values, at),
    ...checked(at.child('key'), key, qualifiedNameFaults),
    ...values.flatMap((value, position) => checked(at.child('values').index(position), value, labelValueFaults)),
  ];
}

function operatorErrors(operator: string, values: readonly string[], at: Path): FieldError[] {
  if (!operators.includes(operator)) return [invalid(at.child('operator'), operator, 'not a valid selector operator')];
  return knownOperatorErrors(operator, values, at);
}

/** What an operator says of the number of values; one that is not known says nothing. */
export function knownOperatorErrors(operator: string, values: readonly string[], at: Path): FieldError[] {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    return [required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'")];
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    return [forbiddenField(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  return [];
}

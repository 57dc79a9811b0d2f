import type { LabelSelector } from '../../api/generated/types.ts';
import { forbiddenField, invalid, required, type FieldError, type Path } from '../../api/field-errors.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../api/names.ts';
import { checked, labelsErrors } from './names.ts';

/** ValidateLabelSelector of apimachinery pkg/apis/meta/v1/validation. */
export function labelSelectorErrors(selector: LabelSelector | undefined, at: Path): FieldError[] {
  if (selector === undefined) return [];
  const expressions = selector.matchExpressions ?? [];
  return [
    ...labelsErrors(at.child('matchLabels'), selector.matchLabels),
    ...expressions.flatMap(({ key, operator, values = [] }, index) => {
      const own = at.child('matchExpressions').index(index);
      return [
        ...operatorErrors(operator, values, own),
        ...checked(own.child('key'), key, qualifiedNameFaults),
        ...values.flatMap((value, position) => checked(own.child('values').index(position), value, labelValueFaults)),
      ];
    }),
  ];
}

function operatorErrors(operator: string, values: readonly string[], at: Path): FieldError[] {
  if (operator === 'In' || operator === 'NotIn') {
    return values.length === 0 ? [required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'")] : [];
  }
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    return values.length > 0
      ? [forbiddenField(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
      : [];
  }
  return [invalid(at.child('operator'), operator, 'not a valid selector operator')];
}

/** ValidateConditions of apimachinery pkg/apis/meta/v1/validation: what kinds with metav1.Condition hold their conditions to. */
import { duplicate, invalid, notSupported, required, tooLong, type FieldError, type Path } from '../../api/field-errors.ts';
import type { Condition } from '../../api/generated/types.ts';
import { conditionReasonFaults, qualifiedNameFaults } from '../../api/names.ts';
import { checked } from './names.ts';

const statuses = ['False', 'True', 'Unknown'];
const maxReason = 1024;
const maxMessage = 32 * 1024;

export function conditionListErrors(conditions: readonly Condition[] | undefined, at: Path): FieldError[] {
  const all = conditions ?? [];
  return all.flatMap((condition, index) => {
    const own = at.index(index);
    const isKnown = all.findIndex(({ type }) => type === condition.type) < index;
    return [...(isKnown ? [duplicate(own.child('type'), condition.type)] : []), ...conditionErrors(condition, own)];
  });
}

function conditionErrors(
  { type, status, observedGeneration = 0, lastTransitionTime, reason, message }: Condition,
  own: Path,
): FieldError[] {
  const why = own.child('reason');
  return [
    ...checked(own.child('type'), type, qualifiedNameFaults),
    ...(statuses.includes(status) ? [] : [notSupported(own.child('status'), status, statuses)]),
    ...(observedGeneration < 0
      ? [invalid(own.child('observedGeneration'), observedGeneration, 'must be greater than or equal to zero')]
      : []),
    ...((lastTransitionTime as string | null | undefined) ? [] : [required(own.child('lastTransitionTime'))]),
    ...(reason === '' ? [required(why)] : checked(why, reason, conditionReasonFaults)),
    ...(Buffer.byteLength(reason) > maxReason ? [tooLong(why, maxReason)] : []),
    ...(Buffer.byteLength(message) > maxMessage ? [tooLong(own.child('message'), maxMessage)] : []),
  ];
}

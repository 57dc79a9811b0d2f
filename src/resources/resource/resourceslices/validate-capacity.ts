/** How the capacity of a device may be divided. validateRequestPolicy of pkg/apis/resource/validation. */
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { parseQuantity, type Quantity } from '../../../api/quantity.ts';
import { setErrors } from '../../shared/sets.ts';

const maxOptions = 10;

/** Only of a device that several may share (`divisible`) a capacity can say how it is divided. */
export function capacityErrors({ value, requestPolicy }: DeviceCapacity, at: Path, divisible: boolean): FieldError[] {
  if (requestPolicy === undefined) return [];
  const own = at.child('requestPolicy');
  if (!divisible) return [forbiddenField(own, 'allowMultipleAllocations must be true')];
  const { validValues = [], validRange } = requestPolicy;
  if (validValues.length > 0 && validRange !== undefined) {
    const both = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [forbiddenField(own, both)];
  }
  return policyErrors(requestPolicy, own, parseQuantity(value));
}

function policyErrors({ validValues = [], validRange, default: standard }: CapacityRequestPolicy, at: Path, most: Quantity): FieldError[] {
  const which = validValues.length > 0 ? 'validValues' : 'validRange';
  if (validValues.length === 0 && validRange === undefined) return [];
  if (standard === undefined) return [required(at.child('default'), `required when ${which} is defined`)];
  const usual = parseQuantity(standard);
  if (validRange === undefined) return valuesErrors(validValues.map(parseQuantity), at.child('validValues'), { usual, most });
  return rangeErrors(validRange, at.child('validRange'), { usual, most });
}

interface Bounds {
  readonly usual: Quantity;
  readonly most: Quantity;
}

function valuesErrors(values: readonly Quantity[], at: Path, { usual, most }: Bounds): FieldError[] {
  return [
    ...values.flatMap((value, index) => {
      const before = values[index - 1];
      const isFalling = before !== undefined && before.compare(value) > 0;
      return isFalling ? [invalid(at.index(index), value.toString(), 'values must be sorted in ascending order')] : [];
    }),
    ...setErrors(values, at, {
      max: maxOptions,
      key: (value) => value.toString(),
      check: (value, own) =>
        value.compare(most) > 0 ? [invalid(own, value.toString(), `option is larger than capacity value: ${most.toString()}`)] : [],
    }),
    ...(values.some((value) => value.equals(usual))
      ? []
      : [invalid(at, usual.toString(), 'default value is not valid according to the requestPolicy')]),
  ];
}

function rangeErrors(range: CapacityRequestPolicyRange, at: Path, { usual, most }: Bounds): FieldError[] {
  if ((range.min as unknown) === undefined) return [required(at.child('min'), 'required when validRange is defined')];
  const low = parseQuantity(range.min);
  const high = range.max === undefined ? undefined : parseQuantity(range.max);
  const faults: FieldError[] = [];
  const refuse = (field: string, value: Quantity, why: string): number => faults.push(invalid(at.child(field), value.toString(), why));
  if (low.compare(most) > 0) refuse('min', low, `min is larger than capacity value: ${most.toString()}`);
  if (usual.compare(low) < 0) refuse('min', usual, `default is less than min: ${low.toString()}`);
  if (high !== undefined) {
    if (low.compare(high) > 0) refuse('max', low, `min is larger than max: ${high.toString()}`);
    if (high.compare(most) > 0) refuse('max', high, `max is larger than capacity value: ${most.toString()}`);
    if (usual.compare(high) > 0) refuse('max', usual, `default is more than max: ${high.toString()}`);
  }
  if (range.step === undefined) return faults;
  const step = parseQuantity(range.step);
  const first = low.add(step);
  if (first.compare(most) > 0) refuse('step', step, `one step ${first.toString()} is larger than capacity value: ${most.toString()}`);
  for (const value of [usual, ...(high === undefined ? [] : [high])]) {
    const isOff = step.value() !== 0 && (value.value() - low.value()) % step.value() !== 0;
    if (isOff) refuse('step', value, `value is not a multiple of a given step (${step.toString()}) from (${low.toString()})`);
  }
  return faults;
}

import type { PriorityClass } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, boolean, integer, name, text } from '../../shared/columns.ts';
import { optionalOneOf } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';

const highestUserPriority = 1_000_000_000;
const system: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };

export const priorityclasses = define<PriorityClass>({
  ...fromFacts('scheduling.k8s.io', 'v1', 'priorityclasses'),
  strategy: {
    namesOnCreateOnly: true,
    default(priorityClass) {
      priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    validate,
    validateUpdate: (object, old) => [
      ...(object.value === old.value ? [] : [forbiddenField(path('value'), 'may not be changed in an update.')]),
      ...(object.preemptionPolicy === old.preemptionPolicy
        ? []
        : [invalid(path('preemptionPolicy'), object.preemptionPolicy, 'field is immutable')]),
    ],
  },
  columns: [
    name,
    integer('Value', ({ value }) => value),
    boolean('Global-Default', ({ globalDefault }) => globalDefault ?? false),
    age,
    text('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
});

/** ValidatePriorityClass (pkg/apis/scheduling/validation). */
function validate({ metadata, value = 0, preemptionPolicy }: PriorityClass): FieldError[] {
  const policy = path('preemptionPolicy');
  const faults = preemptionPolicy === '' ? [required(policy)] : optionalOneOf(policy, preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  const { name = '' } = metadata as Partial<PriorityClass['metadata']>;
  if (name.startsWith('system-')) {
    const known = system[name] === value;
    return known
      ? faults
      : [
          ...faults,
          forbiddenField(
            path('metadata', 'name'),
            `priority class names with 'system-' prefix are reserved for system use only. error: ${metadata.name} is not a known system priority class`,
          ),
        ];
  }
  return value > highestUserPriority
    ? [...faults, forbiddenField(path('value'), `maximum allowed value of a user defined priority is ${String(highestUserPriority)}`)]
    : faults;
}

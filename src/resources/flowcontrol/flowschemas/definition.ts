import type { FlowSchema } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, integer, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { specAndStatus } from '../../shared/strategy.ts';

export const flowschemas = define<FlowSchema>({
  ...fromFacts('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas'),
  strategy: {
    ...specAndStatus<FlowSchema>(),
    default({ spec }) {
      spec.matchingPrecedence ||= 1000;
    },
    validate,
  },
  columns: [
    name,
    text('PriorityLevel', ({ spec }) => spec.priorityLevelConfiguration.name),
    { ...integer<FlowSchema>('MatchingPrecedence', ({ spec }) => spec.matchingPrecedence), type: 'string' },
    text('DistinguisherMethod', ({ spec }) => spec.distinguisherMethod?.type ?? '<none>'),
    age,
    text('MissingPL', ({ status }) => status.conditions?.find((condition) => condition.type === 'Dangling')?.status ?? '?'),
  ],
});

function validate({ spec }: FlowSchema): FieldError[] {
  const at = path('spec');
  const precedence = spec.matchingPrecedence ?? 0;
  return [
    ...(precedence <= 0 ? [invalid(at.child('matchingPrecedence'), precedence, 'must be a positive value')] : []),
    ...(precedence > 10_000 ? [invalid(at.child('matchingPrecedence'), precedence, 'must not be greater than 10000')] : []),
    ...(spec.priorityLevelConfiguration.name === ''
      ? [required(at.child('priorityLevelConfiguration', 'name'), 'must reference a priority level')]
      : []),
  ];
}

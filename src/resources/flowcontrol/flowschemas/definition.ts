import type { FlowSchema } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, integer, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { specAndStatus } from '../../shared/strategy.ts';
import { typedConditionErrors } from '../conditions.ts';
import { validateFlowSchema } from './validation.ts';

export const flowschemas = define<FlowSchema>({
  ...fromFacts('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas'),
  strategy: {
    statusKeeps: 'metadata',
    ...specAndStatus<FlowSchema>(),
    default({ spec }) {
      spec.matchingPrecedence ||= 1000;
    },
    validate: validateFlowSchema,
    validateStatusUpdate: ({ status }) => typedConditionErrors(status.conditions),
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

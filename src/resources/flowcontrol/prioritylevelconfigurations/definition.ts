import type { PriorityLevelConfiguration } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { specAndStatus } from '../../shared/strategy.ts';
import { typedConditionErrors } from '../conditions.ts';
import { validatePriorityLevel } from './validation.ts';

type Spec = PriorityLevelConfiguration['spec'];
const queuing = ({ limited }: Spec) => limited?.limitResponse?.queuing;

export const prioritylevelconfigurations = define<PriorityLevelConfiguration>({
  ...fromFacts('flowcontrol.apiserver.k8s.io', 'v1', 'prioritylevelconfigurations'),
  strategy: {
    statusKeeps: 'metadata',
    ...specAndStatus<PriorityLevelConfiguration>(),
    default({ spec }) {
      const { exempt, limited } = spec;
      if (exempt !== undefined) Object.assign(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0, ...exempt });
      if (limited !== undefined) Object.assign(limited, { nominalConcurrencyShares: 30, lendablePercent: 0, ...limited });
      const queues = queuing(spec);
      if (queues === undefined) return;
      queues.handSize ||= 8;
      queues.queues ||= 64;
      queues.queueLengthLimit ||= 50;
    },
    validate: validatePriorityLevel,
    validateStatusUpdate: ({ status }) => typedConditionErrors(status.conditions),
  },
  columns: [
    name,
    text('Type', ({ spec }) => spec.type),
    text('NominalConcurrencyShares', ({ spec }) => spec.limited?.nominalConcurrencyShares ?? '<none>'),
    text('Queues', ({ spec }) => queuing(spec)?.queues ?? '<none>'),
    text('HandSize', ({ spec }) => queuing(spec)?.handSize ?? '<none>'),
    text('QueueLengthLimit', ({ spec }) => queuing(spec)?.queueLengthLimit ?? '<none>'),
    age,
  ],
});

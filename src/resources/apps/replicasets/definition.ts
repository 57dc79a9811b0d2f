import type { ReplicaSet } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, containerColumns, integer, labelSelectorQuery, name, selectorColumn } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { workloadWarnings } from '../../shared/pod/workload-warnings.ts';
import { path } from '../../../api/field-errors.ts';
import { defaultTemplate } from '../../shared/pod/defaults.ts';
import { noReplicas, statusCountErrors } from '../../shared/status-counts.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { countsGeneration, resetsStatus, together } from '../../shared/strategy.ts';
import { validateReplicaSet, validateReplicaSetUpdate } from './validation.ts';

export const replicasets = define<ReplicaSet>({
  ...fromFacts('apps', 'v1', 'replicasets'),
  emptied: noReplicas,
  strategy: {
    ...together<ReplicaSet>(
      resetsStatus(() => ({ replicas: 0 })),
      withoutDisabledInTemplate(({ spec }) => spec.template),
      countsGeneration(),
    ),
    default({ spec }) {
      spec.replicas ??= 1;
      defaultTemplate(spec.template);
    },
    validate: validateReplicaSet,
    namesOnCreateOnly: true,
    validateUpdate: validateReplicaSetUpdate,
    warnings: workloadWarnings(({ spec }) => spec.template, path('spec', 'template')),
    validateStatusUpdate: ({ status }, old) =>
      statusCountErrors(status, old.status, {
        parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
        others: ['terminatingReplicas'],
      }),
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas: ({ spec }, replicas) => void (spec.replicas = replicas),
    statusReplicas: ({ status }) => status.replicas,
    selector: ({ spec }) => labelSelectorQuery(spec.selector),
  },
  columns: [
    name,
    integer('Desired', ({ spec }) => spec.replicas),
    integer('Current', ({ status }) => status.replicas),
    integer('Ready', ({ status }) => status.readyReplicas),
    age,
    ...containerColumns<ReplicaSet>(({ spec }) => spec.template?.spec?.containers),
    selectorColumn<ReplicaSet>(({ spec }) => spec.selector),
  ],
});

import type { Deployment } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, containerColumns, integer, labelSelectorQuery, name, selectorColumn, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { workloadWarnings } from '../../shared/pod/workload-warnings.ts';
import { path } from '../../../api/field-errors.ts';
import { defaultTemplate } from '../../shared/pod/defaults.ts';
import { noReplicas, statusCountErrors } from '../../shared/status-counts.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { countsGeneration, resetsStatus, together } from '../../shared/strategy.ts';
import { validateDeployment, validateDeploymentUpdate } from './validation.ts';

export const deployments = define<Deployment>({
  ...fromFacts('apps', 'v1', 'deployments'),
  emptied: noReplicas,
  strategy: {
    statusKeeps: 'labels',
    ...together<Deployment>(
      resetsStatus(),
      withoutDisabledInTemplate(({ spec }) => spec.template),
      countsGeneration(({ metadata, spec }) => [spec, metadata.annotations]),
    ),
    default: defaultDeployment,
    validate: validateDeployment,
    namesOnCreateOnly: true,
    validateUpdate: validateDeploymentUpdate,
    warnings: workloadWarnings(({ spec }) => spec.template, path('spec', 'template')),
    validateStatusUpdate: ({ status }, old) =>
      statusCountErrors(status, old.status, {
        parts: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
        others: ['unavailableReplicas', 'terminatingReplicas', 'collisionCount'],
      }),
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas: ({ spec }, replicas) => void (spec.replicas = replicas),
    statusReplicas: ({ status }) => status.replicas ?? 0,
    selector: ({ spec }) => labelSelectorQuery(spec.selector),
  },
  columns: [
    name,
    text('Ready', ({ spec, status }) => `${String(status.readyReplicas ?? 0)}/${String(spec.replicas ?? 0)}`),
    { ...integer<Deployment>('Up-to-date', ({ status }) => status.updatedReplicas), type: 'string' },
    { ...integer<Deployment>('Available', ({ status }) => status.availableReplicas), type: 'string' },
    age,
    ...containerColumns<Deployment>(({ spec }) => spec.template.spec?.containers),
    { ...selectorColumn<Deployment>(({ spec }) => spec.selector), value: ({ spec }) => labelSelectorQuery(spec.selector) },
  ],
});

/** SetDefaults_Deployment. */
export function defaultDeployment({ spec }: Deployment): void {
  defaultTemplate(spec.template);
  spec.replicas ??= 1;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') strategy.rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...strategy.rollingUpdate };
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

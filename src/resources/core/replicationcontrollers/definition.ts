import type { ReplicationController } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, containerColumns, formatLabels, integer, name, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { templateWarnings } from '../../shared/pod/warnings.ts';
import { podNameWarnings, specChanged } from '../../shared/pod/workload-warnings.ts';
import { dns1123SubdomainFaults, maxBytesFault, maxLengthFault, maxSubdomainLength } from '../../../api/names.ts';
import { path } from '../../../api/field-errors.ts';
import { defaultTemplate } from '../../shared/pod/defaults.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { statusCountErrors } from '../../shared/status-counts.ts';
import { countsGeneration, resetsStatus, together } from '../../shared/strategy.ts';
import { validateReplicationController, validateReplicationControllerUpdate } from './validation.ts';

export const replicationcontrollers = define<ReplicationController>({
  ...fromFacts('', 'v1', 'replicationcontrollers'),
  strategy: {
    ...together<ReplicationController>(
      resetsStatus(() => ({ replicas: 0 })),
      withoutDisabledInTemplate(({ spec }) => spec.template),
      countsGeneration(),
    ),
    default: defaultReplicationController,
    validate: validateReplicationController,
    validateName: controllerName,
    namesOnCreateOnly: true,
    validateUpdate: validateReplicationControllerUpdate,
    validateStatusUpdate: ({ status }, old) =>
      statusCountErrors(status, old.status, { parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] }),
    // upstream asks about the template that was, not the one that is to be
    warnings: (controller, old) => [
      ...(old === undefined ? podNameWarnings(controller) : []),
      ...(specChanged(controller, old) ? templateWarnings((old ?? controller).spec.template, path('spec', 'template')) : []),
    ],
    defaultPropagation: 'orphan',
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas: ({ spec }, replicas) => void (spec.replicas = replicas),
    statusReplicas: ({ status }) => status.replicas,
    selector: ({ spec }) => (Object.keys(spec.selector ?? {}).length === 0 ? '' : formatLabels(spec.selector)),
  },
  selectableFields: { 'status.replicas': ({ status }) => String(status.replicas) },
  columns: [
    name,
    integer('Desired', ({ spec }) => spec.replicas),
    integer('Current', ({ status }) => status.replicas),
    integer('Ready', ({ status }) => status.readyReplicas),
    age,
    ...containerColumns<ReplicationController>(({ spec }) => spec.template?.spec?.containers),
    wide('Selector', ({ spec }) => formatLabels(spec.selector)),
  ],
});

/** SetDefaults_ReplicationController: the template's labels select, and label the controller, unless it says otherwise. */
function defaultReplicationController({ metadata, spec }: ReplicationController): void {
  spec.replicas ??= 1;
  defaultTemplate(spec.template);
  const labels = spec.template?.metadata?.labels;
  if (labels === undefined) return;
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

/** Asked by declarative validation, which knows of the name alone and counts bytes. */
function controllerName(text: string, prefix: boolean): string[] {
  return prefix
    ? []
    : dns1123SubdomainFaults(text).map((fault) =>
        fault === maxLengthFault(maxSubdomainLength) ? maxBytesFault(maxSubdomainLength) : fault,
      );
}

import { cloneJson, semanticEqual } from '../../../api/json.ts';
import type { DaemonSet } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, containerColumns, formatLabels, integer, name, selectorColumn, text } from '../../shared/columns.ts';
import { nonNegative } from '../../shared/checks.ts';
import { collisionErrors } from '../../shared/status-counts.ts';
import { fromFacts } from '../../shared/facts.ts';
import { templateWarnings } from '../../shared/pod/warnings.ts';
import { specChanged } from '../../shared/pod/workload-warnings.ts';
import { path } from '../../../api/field-errors.ts';
import { defaultTemplate } from '../../shared/pod/defaults.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { countsGeneration, resetsStatus, together } from '../../shared/strategy.ts';
import { validateDaemonSet, validateDaemonSetUpdate } from './validation.ts';

/** The template's own count; the field of extensions/v1beta1 lives on as this annotation (pkg/apis/apps/v1/conversion.go). */
const templateGeneration = 'deprecated.daemonset.template.generation';

const counts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

const emptyStatus = () => ({ currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 });

export const daemonsets = define<DaemonSet>({
  ...fromFacts('apps', 'v1', 'daemonsets'),
  hiddenAnnotation: templateGeneration,
  emptied({ metadata }) {
    metadata.annotations = { ...metadata.annotations, [templateGeneration]: '0' };
  },
  strategy: {
    ...together<DaemonSet>(
      resetsStatus(emptyStatus),
      withoutDisabledInTemplate(({ spec }) => spec.template),
      countsGeneration(),
      {
        prepareForCreate({ metadata }) {
          const asked = Number(metadata.annotations?.[templateGeneration]);
          metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(asked >= 1 ? Math.trunc(asked) : 1) };
        },
        prepareForUpdate({ metadata, spec }, old) {
          const before = Number(old.metadata.annotations?.[templateGeneration] ?? 0);
          const now = semanticEqual(spec.template, old.spec.template) ? before : before + 1;
          metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(now) };
        },
      },
    ),
    default: defaultDaemonSet,
    validate: validateDaemonSet,
    namesOnCreateOnly: true,
    validateUpdate: validateDaemonSetUpdate,
    prepareForStatusUpdate(set, old) {
      set.spec = cloneJson(old.spec);
      const generation = old.metadata.annotations?.[templateGeneration] ?? '0';
      set.metadata.annotations = { ...set.metadata.annotations, [templateGeneration]: generation };
    },
    validateStatusUpdate: ({ status }, old) => [
      ...counts.flatMap((field) => nonNegative(path('status', field), status[field])),
      ...collisionErrors(status, old.status),
    ],
    warnings: (set, old) => (specChanged(set, old) ? templateWarnings(set.spec.template, path('spec', 'template')) : []),
  },
  columns: [
    name,
    integer('Desired', ({ status }) => status.desiredNumberScheduled),
    integer('Current', ({ status }) => status.currentNumberScheduled),
    integer('Ready', ({ status }) => status.numberReady),
    integer('Up-to-date', ({ status }) => status.updatedNumberScheduled),
    integer('Available', ({ status }) => status.numberAvailable),
    text('Node Selector', ({ spec }) => formatLabels(spec.template.spec?.nodeSelector)),
    age,
    ...containerColumns<DaemonSet>(({ spec }) => spec.template.spec?.containers),
    selectorColumn<DaemonSet>(({ spec }) => spec.selector),
  ],
});

/** SetDefaults_DaemonSet. The conversion adds the annotation to every object that is read. */
function defaultDaemonSet({ metadata, spec }: DaemonSet): void {
  if (metadata.annotations?.[templateGeneration] === undefined)
    metadata.annotations = { ...metadata.annotations, [templateGeneration]: '0' };
  defaultTemplate(spec.template);
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') strategy.rollingUpdate = { maxUnavailable: 1, maxSurge: 0, ...strategy.rollingUpdate };
  // inside upstream these cannot be missing, so that they are there whatever the type
  else if (strategy.rollingUpdate !== undefined) strategy.rollingUpdate = { maxUnavailable: 0, maxSurge: 0, ...strategy.rollingUpdate };
  spec.revisionHistoryLimit ??= 10;
}

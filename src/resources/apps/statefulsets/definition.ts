import type { StatefulSet } from '../../../api/generated/types.ts';
import { define, type ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { age, containerColumns, labelSelectorQuery, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { templateWarnings } from '../../shared/pod/warnings.ts';
import { claimWarnings, specChanged } from '../../shared/pod/workload-warnings.ts';
import { labelName } from '../../../api/names.ts';
import { path } from '../../../api/field-errors.ts';
import { defaultTemplate } from '../../shared/pod/defaults.ts';
import { defaultClaimSpec } from '../../shared/pod/volume-defaults.ts';
import { noReplicas, statusCountErrors } from '../../shared/status-counts.ts';
import { withoutDisabled } from '../../shared/disabled-fields.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { countsGeneration, resetsStatus, together } from '../../shared/strategy.ts';
import { validateStatefulSet, validateStatefulSetUpdate } from './validation.ts';

export function statefulsets({ featureGates }: ResourceDeps): ResourceDefinition {
  const hasMaxUnavailable = featureGates?.has('MaxUnavailableStatefulSet') === true;
  return define<StatefulSet>({
    ...fromFacts('apps', 'v1', 'statefulsets'),
    emptied: noReplicas,
    strategy: {
      ...together<StatefulSet>(
        resetsStatus(() => ({ replicas: 0, availableReplicas: 0 })),
        withoutDisabledInTemplate(({ spec }) => spec.template),
        hasMaxUnavailable ? {} : withoutDisabled(dropMaxUnavailable),
        countsGeneration(),
      ),
      default: defaultStatefulSet,
      validate: validateStatefulSet,
      validateName: labelName,
      namesOnCreateOnly: true,
      validateUpdate: validateStatefulSetUpdate,
      warnings: statefulSetWarnings,
      validateStatusUpdate: ({ status }, old) =>
        statusCountErrors(status, old.status, {
          parts: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
          others: ['collisionCount'],
          ready: 'status.readyReplicas',
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
      text('Ready', ({ spec, status }) => `${String(status.readyReplicas ?? 0)}/${String(spec.replicas ?? 0)}`),
      age,
      ...containerColumns<StatefulSet>(({ spec }) => spec.template.spec?.containers),
    ],
  });
}

/** SetDefaults_StatefulSet. */
function defaultStatefulSet({ spec }: StatefulSet): void {
  defaultTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    claim.status = { phase: 'Pending', ...claim.status };
    if (claim.spec !== undefined) defaultClaimSpec(claim.spec);
  }
  spec.podManagementPolicy ||= 'OrderedReady';
  const strategy = (spec.updateStrategy ??= {});
  if ((strategy.type ?? '') === '') {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0;
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ||= 'Retain';
  retention.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
}

function statefulSetWarnings(set: StatefulSet, old: StatefulSet | undefined): string[] {
  const { template, volumeClaimTemplates = [], revisionHistoryLimit } = set.spec;
  const claims = path('spec', 'volumeClaimTemplates');
  return [
    ...(specChanged(set, old) ? templateWarnings(template, path('spec', 'template')) : []),
    ...volumeClaimTemplates.flatMap(({ spec }, index) =>
      spec === undefined ? [] : claimWarnings(spec, old === undefined ? claims.index(index) : claims.index(index).child('Spec')),
    ),
    ...((revisionHistoryLimit ?? 0) < 0 ? [`spec.revisionHistoryLimit: ${keepsAll}`] : []),
  ];
}

const keepsAll = 'a negative value retains all historical revisions; a value >= 0 is recommended';

/** Where MaxUnavailableStatefulSet is off (registry/apps/statefulset/strategy.go). */
function dropMaxUnavailable({ spec }: StatefulSet, old: StatefulSet | undefined): void {
  if (old?.spec.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) delete spec.updateStrategy?.rollingUpdate?.maxUnavailable;
}

import type { PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { accessModes, age, name, text, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { storageClassWarnings } from '../../shared/storage-warnings.ts';
import { claimWarnings } from '../../shared/pod/workload-warnings.ts';
import { path } from '../../../api/field-errors.ts';
import { defaultClaimSpec } from '../../shared/pod/volume-defaults.ts';
import { resetsStatus, together } from '../../shared/strategy.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './validation.ts';

export const persistentvolumeclaims = define<PersistentVolumeClaim>({
  ...fromFacts('', 'v1', 'persistentvolumeclaims'),
  // Upstream stores a new claim without its phase and fills it in when reading.
  storedVersions: { v1: (claim) => ({ ...claim, status: { phase: 'Pending', ...(claim['status'] as object | undefined) } }) },
  strategy: {
    ...together<PersistentVolumeClaim>(
      resetsStatus(() => ({ phase: 'Pending' })),
      {
        prepareForCreate: ({ spec }) => alignDataSources(spec, undefined),
        prepareForUpdate: ({ spec }, old) => alignDataSources(spec, old.spec),
      },
    ),
    default(claim) {
      claim.status = { phase: 'Pending', ...claim.status };
      defaultClaimSpec(claim.spec);
    },
    validate: validateClaim,
    validateUpdate: validateClaimUpdate,
    validateStatusUpdate: validateClaimStatus,
    warnings: ({ metadata, spec }) => [...storageClassWarnings(metadata.annotations), ...claimWarnings(spec, path('spec'))],
  },
  columns: [
    name,
    text('Status', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status.phase ?? '') : 'Terminating')),
    text('Volume', ({ spec }) => spec.volumeName ?? ''),
    text('Capacity', ({ spec, status }) => ((spec.volumeName ?? '') === '' ? '' : (status.capacity?.['storage'] ?? '0'))),
    text('Access Modes', ({ spec, status }) => ((spec.volumeName ?? '') === '' ? '' : accessModes(status.accessModes))),
    text(
      'StorageClass',
      ({ metadata, spec }) => metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName ?? '',
    ),
    text('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
    age,
    wide('VolumeMode', ({ spec }) => spec.volumeMode ?? '<unset>'),
  ],
});

/** By itself the old field holds claims and snapshots only; where the new one is in the same namespace, both say the same (NormalizeDataSources). */
function alignDataSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): void {
  // CrossNamespaceVolumeDataSource is off.
  if ((spec.dataSourceRef?.namespace ?? '') !== '' && old?.dataSourceRef === undefined) delete spec.dataSourceRef;
  const inUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!inUse && spec.dataSourceRef === undefined && spec.dataSource !== undefined && !isClonable(spec.dataSource)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  else if (dataSource === undefined && dataSourceRef !== undefined && (dataSourceRef.namespace ?? '') === '') {
    const { apiGroup, kind, name: source } = dataSourceRef;
    spec.dataSource = { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name: source };
  }
}

function isClonable({ apiGroup, kind }: TypedLocalObjectReference): boolean {
  const group = apiGroup ?? '';
  return (kind === 'PersistentVolumeClaim' && group === '') || (kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io');
}

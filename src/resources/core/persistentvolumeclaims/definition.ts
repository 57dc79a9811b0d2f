import type { PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { accessModes, age, name, text, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { defaultClaimSpec } from '../../shared/pod/volume-defaults.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { validateClaim, validateClaimUpdate } from './validation.ts';

export const persistentvolumeclaims = define<PersistentVolumeClaim>({
  ...fromFacts('', 'v1', 'persistentvolumeclaims'),
  strategy: {
    ...resetsStatus<PersistentVolumeClaim>(() => ({ phase: 'Pending' })),
    default(claim) {
      claim.status = { phase: 'Pending', ...claim.status };
      defaultClaimSpec(claim.spec);
      const { dataSource, dataSourceRef } = claim.spec;
      if (dataSource !== undefined && dataSourceRef === undefined) claim.spec.dataSourceRef = { ...dataSource };
      else if (dataSource === undefined && dataSourceRef !== undefined && (dataSourceRef.namespace ?? '') === '') {
        const { apiGroup, kind, name: source } = dataSourceRef;
        claim.spec.dataSource = { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name: source };
      }
    },
    validate: ({ spec }) => validateClaim(spec),
    validateUpdate: validateClaimUpdate,
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

import type { PersistentVolume } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import { rfc3339 } from '../../../base/clock.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { accessModes, age, name, text, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { volumeWarnings } from '../../shared/storage-warnings.ts';
import { defaultNetworkVolume } from '../../shared/pod/volume-defaults.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { validatePersistentVolume, validatePersistentVolumeUpdate } from './validation.ts';

export const persistentvolumes = ({ clock }: ResourceDeps): ResourceDefinition =>
  define<PersistentVolume>({
    ...fromFacts('', 'v1', 'persistentvolumes'),
    strategy: {
      ...resetsStatus<PersistentVolume>(() => ({ phase: 'Pending', lastPhaseTransitionTime: rfc3339(clock.now()) })),
      prepareForStatusUpdate(volume, old) {
        volume.spec = cloneJson(old.spec);
        const [since, before] = [volume.status.lastPhaseTransitionTime, old.status.lastPhaseTransitionTime];
        if (volume.status.phase !== old.status.phase) {
          if (since === undefined || since === before) volume.status.lastPhaseTransitionTime = rfc3339(clock.now());
        } else if (since === undefined && before !== undefined) volume.status.lastPhaseTransitionTime = before;
      },
      default(volume) {
        volume.status = { phase: 'Pending', ...volume.status };
        volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
        volume.spec.volumeMode ??= 'Filesystem';
        if (volume.spec.hostPath !== undefined) volume.spec.hostPath.type ??= '';
        defaultNetworkVolume(volume.spec);
      },
      validate: validatePersistentVolume,
      validateUpdate: validatePersistentVolumeUpdate,
      warnings: volumeWarnings,
    },
    columns: [
      name,
      text('Capacity', ({ spec }) => spec.capacity?.['storage'] ?? '0'),
      text('Access Modes', ({ spec }) => accessModes(spec.accessModes)),
      text('Reclaim Policy', ({ spec }) => spec.persistentVolumeReclaimPolicy ?? ''),
      text('Status', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status.phase ?? '') : 'Terminating')),
      text('Claim', ({ spec }) => (spec.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`)),
      text(
        'StorageClass',
        ({ metadata, spec }) => metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName ?? '',
      ),
      text('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
      text('Reason', ({ status }) => status.reason ?? ''),
      age,
      wide('VolumeMode', ({ spec }) => spec.volumeMode ?? '<unset>'),
    ],
  });

/** Warnings about PersistentVolumes and what they share with claims. pkg/api/persistentvolume/util.go. */
import type { PersistentVolume } from '../../api/generated/types.ts';
import { path } from '../../api/field-errors.ts';
import { nodeTermWarnings } from './pod/warnings.ts';

const annotationTexts: Readonly<Record<string, string>> = {
  'volume.beta.kubernetes.io/storage-class': 'deprecated since v1.8; use "storageClassName" attribute instead',
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};

type Annotations = Readonly<Record<string, string>> | undefined;

function annotationWarnings(annotations: Annotations, keys: readonly string[]): string[] {
  return keys.flatMap((key) => (annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${annotationTexts[key] ?? ''}`]));
}

export function storageClassWarnings(annotations: Annotations): string[] {
  return annotationWarnings(annotations, ['volume.beta.kubernetes.io/storage-class']);
}

const deprecatedSources = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

const recycle = 'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';

export function volumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const terms = path('spec', 'nodeAffinity', 'required', 'nodeSelectorTerms');
  return [
    ...annotationWarnings(metadata.annotations, Object.keys(annotationTexts)),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [`spec.persistentVolumeReclaimPolicy: ${recycle}`] : []),
    ...(spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, index) => nodeTermWarnings(term, false, terms.index(index))),
    ...deprecatedSources.flatMap(([field, shown, why]) => (spec[field] === undefined ? [] : [`spec.${shown}: ${why}`])),
  ];
}

/** Defaults of volumes. pkg/apis/core/v1/defaults.go and the `default` tags of k8s.io/api/core/v1. */
import type { PersistentVolumeClaimSpec, Volume } from '../../../api/generated/types.ts';
import { pullPolicyOf } from './pull-policy.ts';

type Projected = NonNullable<Volume['projected']>;
type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

const defaultMode = 0o644;

export function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).length === 1) volume.emptyDir = {};
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= defaultMode;
  if (volume.secret !== undefined) volume.secret.defaultMode ??= defaultMode;
  if (volume.projected !== undefined) defaultProjected(volume.projected);
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= defaultMode;
    volume.downwardAPI.items?.forEach(defaultDownwardItem);
  }
  if (volume.hostPath !== undefined) volume.hostPath.type ??= '';
  if (volume.image !== undefined) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference ?? '');
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim !== undefined) defaultClaimSpec(claim);
  defaultNetworkVolume(volume);
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
}

function defaultProjected(projected: Projected): void {
  projected.defaultMode ??= defaultMode;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= 3600;
    source.downwardAPI?.items?.forEach(defaultDownwardItem);
  }
}

function defaultDownwardItem(item: DownwardItem): void {
  if (item.fieldRef !== undefined) item.fieldRef.apiVersion ||= 'v1';
  if (item.resourceFieldRef !== undefined) item.resourceFieldRef.divisor ??= '0';
}

/** Also the sources that persistent volumes share with pods. */
export function defaultNetworkVolume(
  volume: Pick<Volume, 'iscsi' | 'azureDisk'> & { rbd?: Volume['rbd'] | undefined; scaleIO?: Volume['scaleIO'] | undefined },
): void {
  if (volume.iscsi !== undefined) volume.iscsi.iscsiInterface ||= 'default';
  if (volume.rbd !== undefined) {
    volume.rbd.pool ||= 'rbd';
    volume.rbd.user ||= 'admin';
    volume.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (volume.azureDisk !== undefined) {
    volume.azureDisk.cachingMode ??= 'ReadWrite';
    volume.azureDisk.fsType ??= 'ext4';
    volume.azureDisk.readOnly ??= false;
    volume.azureDisk.kind ??= 'Shared';
  }
  if (volume.scaleIO !== undefined) {
    volume.scaleIO.storageMode ||= 'ThinProvisioned';
    volume.scaleIO.fsType ||= 'xfs';
  }
}

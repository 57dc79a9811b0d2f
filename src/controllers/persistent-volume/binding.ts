/** The writes that bind a volume and a claim to each other: volume/persistentvolume/pv_controller.go bind, unbindVolume, updateClaimStatus. */
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { boundVolume, volumeAnnotations } from '../../api/volume-binding.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';

const { bindCompleted, boundByController } = volumeAnnotations;

/** Four writes at most, each of which may be the last one made; the next round goes on from there. */
export async function bind(client: Client, volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
  const bound = boundVolume(volume, claim);
  const saved = bound === volume ? volume : await client.resource(refs.persistentVolumes).update(bound);
  const inPhase = await setVolumePhase(client, saved, 'Bound');
  const { annotations = {} } = claim.metadata;
  let named = claim;
  if (claim.spec.volumeName !== volume.metadata.name || annotations[bindCompleted] === undefined) {
    const own: Record<string, string> = claim.spec.volumeName === volume.metadata.name ? {} : { [boundByController]: 'yes' };
    named = await client.resource(refs.persistentVolumeClaims).update({
      ...claim,
      metadata: { ...claim.metadata, annotations: { ...own, ...annotations, [bindCompleted]: 'yes' } },
      spec: { ...claim.spec, volumeName: volume.metadata.name },
    });
  }
  await setClaimPhase(client, named, { phase: 'Bound', volume: inPhase });
}

/** Takes a binding back: the claim is forgotten, or, when a user named it, only which of that name it was. */
export async function unbind(client: Client, volume: PersistentVolume): Promise<void> {
  const { annotations = {}, ...metadata } = volume.metadata;
  const { claimRef, ...spec } = volume.spec;
  const { [boundByController]: byController, ...others } = annotations;
  const { uid: _uid, ...name } = claimRef ?? {};
  const next: PersistentVolume =
    byController === undefined
      ? { ...volume, spec: { ...spec, claimRef: name } }
      : { ...volume, metadata: { ...metadata, ...(Object.keys(others).length === 0 ? {} : { annotations: others }) }, spec };
  await setVolumePhase(client, await client.resource(refs.persistentVolumes).update(next), 'Available');
}

export async function setVolumePhase(client: Client, volume: PersistentVolume, phase: string, message = ''): Promise<PersistentVolume> {
  if (volume.status.phase === phase) return volume;
  const { message: _message, ...before } = volume.status;
  const status = { ...before, phase, ...(message === '' ? {} : { message }) };
  return client.resource(refs.persistentVolumes).updateStatus({ ...volume, status });
}

export interface ClaimPhase {
  readonly phase: string;
  /** The volume it is bound to. */
  readonly volume?: PersistentVolume;
}

export async function setClaimPhase(client: Client, claim: PersistentVolumeClaim, next: ClaimPhase): Promise<PersistentVolumeClaim> {
  const status = claimStatus(claim, next);
  if (jsonEqual(status, claim.status)) return claim;
  return client.resource(refs.persistentVolumeClaims).updateStatus({ ...claim, status });
}

/** What the claim shows of its volume; its capacity is the volume's when it is bound, later the resizer's business. */
export function claimStatus({ status }: PersistentVolumeClaim, { phase, volume }: ClaimPhase): PersistentVolumeClaim['status'] {
  const { accessModes: _modes, capacity, currentVolumeAttributesClassName, ...others } = status;
  if (volume === undefined) return { ...others, phase };
  const { accessModes, capacity: size, volumeAttributesClassName } = volume.spec;
  const isNew = status.phase !== phase;
  const isSame =
    capacity?.storage !== undefined &&
    size?.storage !== undefined &&
    parseQuantity(capacity.storage).compare(parseQuantity(size.storage)) === 0;
  const shown = isNew && !isSame ? size : capacity;
  const attributes = status.phase === 'Pending' && phase === 'Bound' ? volumeAttributesClassName : currentVolumeAttributesClassName;
  return {
    ...others,
    phase,
    ...(accessModes === undefined ? {} : { accessModes }),
    ...(shown === undefined ? {} : { capacity: shown }),
    ...(attributes === undefined ? {} : { currentVolumeAttributesClassName: attributes }),
  };
}

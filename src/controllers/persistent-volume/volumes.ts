/** Keeps a volume's phase, and gives it back when its claim is gone: volume/persistentvolume/pv_controller.go syncVolume, reclaimVolume. */
import type { ObjectReference, PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { volumeAnnotations } from '../../api/volume-binding.ts';
import type { Client } from '../../client/client.ts';
import { found } from '../../client/found.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { Store } from '../../client/informer-store.ts';
import { joinKey } from '../../client/informer-store.ts';
import { refs } from '../../client/refs.ts';
import { setVolumePhase, unbind } from './binding.ts';

export interface VolumeSyncOptions {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly claims: Store<PersistentVolumeClaim>;
  /** Looks at a claim again. */
  readonly wake: (claimKey: string) => void;
}

export function claimKeyOf({ namespace = '', name = '' }: ObjectReference): string {
  return joinKey(namespace, name);
}

export class VolumeSync {
  readonly #options: VolumeSyncOptions;

  constructor(options: VolumeSyncOptions) {
    this.#options = options;
  }

  async sync(volume: PersistentVolume): Promise<void> {
    const { client, recorder, wake } = this.#options;
    const { claimRef } = volume.spec;
    if (claimRef === undefined || (claimRef.uid ?? '') === '') return void (await setVolumePhase(client, volume, 'Available'));
    const claim = await this.#claimOf(volume, claimRef);
    if (claim === undefined) return this.#release(volume);
    const { name } = volume.metadata;
    const { volumeName = '' } = claim.spec;
    if (volumeName === name) return void (await setVolumePhase(client, volume, 'Bound'));
    if (volumeName === '') {
      if ((volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem')) return wake(claimKeyOf(claimRef));
      const why = 'due to incompatible volumeMode.';
      const ofVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" ${why}`;
      recorder.event(referenceTo(refs.persistentVolumes, volume), 'Warning', 'VolumeMismatch', ofVolume);
      const ofClaim = `Cannot bind PersistentVolume "${name}" to requested PersistentVolumeClaim ${why}`;
      return recorder.event(referenceTo(refs.persistentVolumeClaims, claim), 'Warning', 'VolumeMismatch', ofClaim);
    }
    // The claim has another volume.
    const isProvisioned = volume.metadata.annotations?.[volumeAnnotations.provisionedBy] !== undefined;
    if (isProvisioned && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return this.#release(volume);
    return unbind(client, volume);
  }

  /** Asks the API server before it is said that there is none: what is reclaimed is lost. */
  async #claimOf({ status }: PersistentVolume, claimRef: ObjectReference): Promise<PersistentVolumeClaim | undefined> {
    const cached = this.#options.claims.get(claimKeyOf(claimRef));
    if (cached?.metadata.uid === claimRef.uid) return cached;
    if (cached === undefined && (status.phase === 'Released' || status.phase === 'Failed')) return undefined;
    const { namespace = '', name = '', uid } = claimRef;
    const fresh = await found(this.#options.client.resource(refs.persistentVolumeClaims).get(namespace, name));
    return fresh?.metadata.uid === uid ? fresh : undefined;
  }

  async #release(volume: PersistentVolume): Promise<void> {
    const { client } = this.#options;
    const isKnown = volume.status.phase === 'Released' || volume.status.phase === 'Failed';
    const released = isKnown ? volume : await setVolumePhase(client, volume, 'Released');
    const { persistentVolumeReclaimPolicy: policy } = volume.spec;
    if (policy === 'Retain') return;
    if (policy === 'Recycle') return this.#fail(released, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    if (policy === 'Delete') return this.#delete(released);
    return this.#fail(released, 'VolumeUnknownReclaimPolicy', 'Volume has unrecognized PersistentVolumeReclaimPolicy');
  }

  /** What a provisioner made it deletes, too. */
  async #delete(volume: PersistentVolume): Promise<void> {
    const provisioner = volume.metadata.annotations?.[volumeAnnotations.provisionedBy] ?? '';
    if ((provisioner !== '' && !provisioner.startsWith('kubernetes.io/')) || volume.spec.csi !== undefined) return;
    const path = volume.spec.hostPath?.path;
    const { name } = volume.metadata;
    const why =
      path === undefined
        ? `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched`
        : `host_path deleter only supports /tmp/.+ but received provided ${path}`;
    if (path !== undefined && /^\/tmp\/.+/.test(path)) await this.#options.client.resource(refs.persistentVolumes).delete('', name);
    else await this.#fail(volume, 'VolumeFailedDelete', why);
  }

  async #fail(volume: PersistentVolume, reason: string, message: string): Promise<void> {
    if (volume.status.phase === 'Failed') return;
    const failed = await setVolumePhase(this.#options.client, volume, 'Failed', message);
    this.#options.recorder.event(referenceTo(refs.persistentVolumes, failed), 'Warning', reason, message);
  }
}

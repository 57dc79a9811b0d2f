/** Finds a volume for a claim, or asks for one: volume/persistentvolume/pv_controller.go syncClaim. */
import { isReason } from '../../api/errors.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../api/generated/types.ts';
import {
  bindsLate,
  classOf,
  defaultStorageClass,
  findVolume,
  grantsAccess,
  isBoundTo,
  mismatchOf,
  namesClass,
  volumeAnnotations,
} from '../../api/volume-binding.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { Store } from '../../client/informer-store.ts';
import { keyOf } from '../../client/informer-store.ts';
import { refs } from '../../client/refs.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { bind, setClaimPhase } from './binding.ts';

export interface ClaimSyncOptions {
  readonly client: Client;
  readonly recorder: EventRecorder;
  /** With the index {@link candidatesFor}. */
  readonly volumes: Store<PersistentVolume>;
  readonly classes: Store<StorageClass>;
  /** With the index {@link byClaim}. */
  readonly pods: Store<Pod>;
  readonly nodes: Store<Node>;
}

/** Index of pods by the claims they use. */
export const byClaim = 'claim';
/** Index of volumes by whom they may be bound to: the claim they name, or anyone of their class. */
export const candidatesFor = 'candidatesFor';

export function indexCandidates(volume: PersistentVolume): readonly string[] {
  const { claimRef } = volume.spec;
  return [claimRef === undefined ? `class/${classOf(volume)}` : `claim/${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`];
}

const { bindCompleted, boundByController, selectedNode, storageProvisioner, betaStorageProvisioner } = volumeAnnotations;

export class ClaimSync {
  readonly #options: ClaimSyncOptions;

  constructor(options: ClaimSyncOptions) {
    this.#options = options;
  }

  async sync(claim: PersistentVolumeClaim): Promise<void> {
    if (claim.metadata.annotations?.[bindCompleted] !== undefined) return this.#syncBound(claim);
    const { volumeName = '' } = claim.spec;
    return volumeName === '' ? this.#find(claim) : this.#bindTo(claim, volumeName);
  }

  async #syncBound(claim: PersistentVolumeClaim): Promise<void> {
    const { volumeName = '' } = claim.spec;
    if (volumeName === '') {
      return this.#lose(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
    }
    const volume = this.#options.volumes.get(volumeName);
    if (volume === undefined) {
      return this.#lose(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    }
    const { claimRef } = volume.spec;
    if (claimRef === undefined || claimRef.uid === claim.metadata.uid) return bind(this.#options.client, volume, claim);
    return this.#lose(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
  }

  async #lose(claim: PersistentVolumeClaim, reason: string, message: string): Promise<void> {
    if (claim.status.phase === 'Lost') return;
    await setClaimPhase(this.#options.client, claim, { phase: 'Lost' });
    this.#event(claim, 'Warning', reason, message);
  }

  /** The claim names its volume. */
  async #bindTo(claim: PersistentVolumeClaim, name: string): Promise<void> {
    const { client, volumes } = this.#options;
    const volume = volumes.get(name);
    if (volume === undefined) return this.#leavePending(claim);
    const { claimRef } = volume.spec;
    if (claimRef !== undefined && isBoundTo(volume, claim)) return bind(client, volume, claim);
    if (claimRef !== undefined) {
      this.#event(claim, 'Warning', 'FailedBinding', `volume "${name}" already bound to a different claim.`);
      if (claim.metadata.annotations?.[boundByController] === undefined) return this.#leavePending(claim);
      const other = `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`;
      throw new Error(`invalid binding of claim "${keyOf(claim)}" to volume "${name}": volume already claimed by "${other}"`);
    }
    const mismatch = mismatchOf(volume, claim);
    if (mismatch === undefined) return bind(client, volume, claim);
    this.#event(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${mismatch}`);
    return this.#leavePending(claim);
  }

  async #find(claim: PersistentVolumeClaim): Promise<void> {
    const { client, classes } = this.#options;
    const storageClass = classes.get(classOf(claim));
    const late = bindsLate(storageClass);
    const volume = this.#bestVolume(claim, late);
    if (volume !== undefined) return bind(client, volume, claim);
    if (await this.#assignDefaultClass(claim)) return;
    const node = claim.metadata.annotations?.[selectedNode];
    if (late && node !== undefined && !(await this.#nodeExists(node))) return this.#forgetNode(claim);
    if (late && node === undefined) this.#tellWaiting(claim);
    else if (classOf(claim) !== '') return this.#askForVolume(claim, storageClass);
    else this.#event(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
    return this.#leavePending(claim);
  }

  /** Of volumes with as few more access modes as can be, the smallest. */
  #bestVolume(claim: PersistentVolumeClaim, late: boolean): PersistentVolume | undefined {
    const { volumes } = this.#options;
    const named = volumes.byIndex(candidatesFor, `claim/${keyOf(claim)}`);
    const free = volumes.byIndex(candidatesFor, `class/${classOf(claim)}`);
    const fitting = [...named, ...free].filter((volume) => grantsAccess(volume, claim));
    const modes = ({ spec }: PersistentVolume): number => spec.accessModes?.length ?? 0;
    const counts = [...new Set(fitting.map(modes))].sort((a, b) => a - b);
    for (const count of counts) {
      const found = findVolume(
        claim,
        fitting.filter((volume) => modes(volume) === count),
        { late },
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Claims made before there was a default class get it when it comes. */
  async #assignDefaultClass(claim: PersistentVolumeClaim): Promise<boolean> {
    const { client, classes } = this.#options;
    const found = namesClass(claim) ? undefined : defaultStorageClass(classes.values());
    if (found === undefined) return false;
    const spec = { ...claim.spec, storageClassName: found.metadata.name };
    await client.resource(refs.persistentVolumeClaims).update({ ...claim, spec });
    return true;
  }

  /** The scheduler chooses another one. */
  async #forgetNode(claim: PersistentVolumeClaim): Promise<void> {
    const { [selectedNode]: _gone, ...annotations } = claim.metadata.annotations ?? {};
    await this.#options.client.resource(refs.persistentVolumeClaims).update({ ...claim, metadata: { ...claim.metadata, annotations } });
  }

  async #nodeExists(name: string): Promise<boolean> {
    if (this.#options.nodes.get(name) !== undefined) return true;
    try {
      await this.#options.client.resource(refs.nodes).get('', name);
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  #tellWaiting(claim: PersistentVolumeClaim): void {
    const pods = [...this.#options.pods.byIndex(byClaim, keyOf(claim))].filter(
      (pod) => !isPodTerminal(pod) && (pod.spec.nodeName ?? '') === '',
    );
    const names = pods.map(({ metadata }) => metadata.name);
    if (names.length === 0) {
      this.#event(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
    } else {
      const message =
        names.length > 1 ? `waiting for pods ${names.join(',')} to be scheduled` : `waiting for pod ${names[0] ?? ''} to be scheduled`;
      this.#event(claim, 'Normal', 'WaitForPodScheduled', message);
    }
  }

  /** Every provisioner is an external one: it sees its name on the claim. */
  async #askForVolume(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Promise<void> {
    if (storageClass === undefined) {
      return this.#event(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${classOf(claim)}" not found`);
    }
    const { provisioner } = storageClass;
    if (provisioner.startsWith('kubernetes.io/')) {
      return this.#event(claim, 'Warning', 'ProvisioningFailed', `no volume plugin matched name: ${provisioner}`);
    }
    const { annotations = {} } = claim.metadata;
    if (annotations[storageProvisioner] !== provisioner || annotations[betaStorageProvisioner] !== provisioner) {
      const named = { ...annotations, [betaStorageProvisioner]: provisioner, [storageProvisioner]: provisioner };
      await this.#options.client
        .resource(refs.persistentVolumeClaims)
        .update({ ...claim, metadata: { ...claim.metadata, annotations: named } });
    }
    const message =
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. ` +
      'If volume creation is delayed, please verify that the provisioner is running and correctly registered.';
    this.#event(claim, 'Normal', 'ExternalProvisioning', message);
  }

  async #leavePending(claim: PersistentVolumeClaim): Promise<void> {
    await setClaimPhase(this.#options.client, claim, { phase: 'Pending' });
  }

  #event(claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.event(referenceTo(refs.persistentVolumeClaims, claim), type, reason, message);
  }
}

/**
 * Makes the volumes of the class `local-path`: folders of the node that the scheduler has chosen. Each node makes its own,
 * deletes them when they are released, and lets them grow.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { isReason } from '../../api/errors.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/generated/types.ts';
import { capacityOf, classOf, requestedStorage } from '../../api/volume-binding.ts';
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import { createRecorder, referenceTo } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import type { Informers } from '../../client/informer-factory.ts';
import { joinKey, keyOf } from '../../client/informer-store.ts';
import type { Reconciler } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Place } from './volume.ts';
import { finalizer, folderOf, isToBeDeleted, isToBeProvisioned, isToGrow, provisionerName, refusal, volumeFor } from './volume.ts';

export interface LocalPathOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  /** Absolute path of the folder that holds the volumes. */
  readonly root: string;
  /** False on simulated nodes, whose volumes have no folders. */
  readonly real: boolean;
}

export function startLocalPath(options: LocalPathOptions): Running {
  return new LocalPath(options).start();
}

class LocalPath {
  readonly #options: LocalPathOptions;
  readonly #place: Place;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #lifecycle = new Lifecycle();
  readonly #recorder: EventRecorder;

  constructor(options: LocalPathOptions) {
    const { client, informers, clock, logger, nodeName, root } = options;
    this.#options = options;
    this.#place = { node: nodeName, root };
    this.#claims = informers.of(refs.persistentVolumeClaims);
    this.#volumes = informers.of(refs.persistentVolumes);
    this.#classes = informers.of(refs.storageClasses);
    this.#recorder = this.#lifecycle.add(createRecorder({ client, clock, logger, component: provisionerName, host: nodeName }));
  }

  start(): Running {
    const claims = this.#startLoop('local-path-claims', (key) => this.#reconcileClaim(key));
    const volumes = this.#startLoop('local-path-volumes', (name) => this.#reconcileVolume(name));
    const see = (claim: PersistentVolumeClaim): void => {
      if (this.#isWork(claim)) claims.enqueue(keyOf(claim));
    };
    const seeVolume = (volume: PersistentVolume): void => {
      if (isToBeDeleted(volume, this.#place)) volumes.enqueue(volume.metadata.name);
      const { claimRef } = volume.spec;
      const claim = claimRef === undefined ? undefined : this.#claims.store.get(joinKey(claimRef.namespace ?? '', claimRef.name ?? ''));
      if (claim !== undefined) see(claim);
    };
    this.#lifecycle.add(this.#claims.handle({ add: see, update: (_old, claim) => see(claim) }));
    this.#lifecycle.add(this.#volumes.handle({ add: seeVolume, update: (_old, volume) => seeVolume(volume), delete: seeVolume }));
    return this.#lifecycle;
  }

  #startLoop(name: string, reconcile: (key: string) => Promise<void>): Reconciler {
    const { clock, logger } = this.#options;
    const ready = Promise.all([this.#claims.synced, this.#volumes.synced, this.#classes.synced]);
    return this.#lifecycle.add(startReconciler({ name, clock, logger, ready, reconcile: (key) => reconcile(key).then(() => undefined) }));
  }

  #volumeOf({ spec }: PersistentVolumeClaim): PersistentVolume | undefined {
    return this.#volumes.store.get(spec.volumeName ?? '');
  }

  #isWork(claim: PersistentVolumeClaim): boolean {
    const volume = this.#volumeOf(claim);
    return isToBeProvisioned(claim, this.#place.node) || (volume !== undefined && isToGrow(volume, claim, this.#place));
  }

  async #reconcileClaim(key: string): Promise<void> {
    const claim = this.#claims.store.get(key);
    if (claim === undefined) return;
    if (isToBeProvisioned(claim, this.#place.node)) return this.#provision(claim);
    const volume = this.#volumeOf(claim);
    if (volume !== undefined && isToGrow(volume, claim, this.#place)) await this.#grow(volume, claim);
  }

  async #reconcileVolume(name: string): Promise<void> {
    const volume = this.#volumes.store.get(name);
    if (volume !== undefined && isToBeDeleted(volume, this.#place)) await this.#remove(volume);
  }

  async #provision(claim: PersistentVolumeClaim): Promise<void> {
    const storageClass = this.#classes.store.get(classOf(claim));
    const name = `pvc-${claim.metadata.uid}`;
    if (storageClass?.provisioner !== provisionerName || this.#volumes.store.get(name) !== undefined) return;
    const why = refusal(claim);
    if (why !== undefined) {
      const message = `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`;
      return this.#tell(claim, 'Warning', 'ProvisioningFailed', message);
    }
    this.#tell(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${keyOf(claim)}"`);
    const volume = volumeFor(claim, storageClass, this.#place);
    const { root, real, client } = this.#options;
    if (real) await makeFolder(root, volume.spec?.hostPath?.path ?? '');
    try {
      await client.resource(refs.persistentVolumes).create('', volume);
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error;
    }
    this.#tell(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  }

  async #remove(volume: PersistentVolume): Promise<void> {
    const folder = folderOf(volume, this.#place.root);
    if (folder === undefined) return;
    if (this.#options.real) await rm(folder, { recursive: true, force: true });
    const { name, uid } = volume.metadata;
    const api = this.#options.client.resource(refs.persistentVolumes);
    try {
      await api.delete('', name, { preconditions: { uid } });
      const fresh = await api.get('', name);
      const finalizers = (fresh.metadata.finalizers ?? []).filter((other) => other !== finalizer);
      await api.update({ ...fresh, metadata: { ...fresh.metadata, finalizers } });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  async #grow(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const { client } = this.#options;
    const asked = requestedStorage(claim);
    const storage = capacityOf(volume).compare(asked) < 0 ? asked.toString() : (volume.spec.capacity?.storage ?? '');
    const capacity = { ...volume.spec.capacity, storage };
    await client.resource(refs.persistentVolumes).update({ ...volume, spec: { ...volume.spec, capacity } });
    const status = { ...claim.status, capacity: { ...claim.status.capacity, storage } };
    await client.resource(refs.persistentVolumeClaims).updateStatus({ ...claim, status });
  }

  #tell(claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#recorder.event(referenceTo(refs.persistentVolumeClaims, claim), type, reason, message);
  }
}

/** Whoever the containers run as may write into it. */
async function makeFolder(root: string, path: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o711 });
  await mkdir(path, { recursive: true });
  await chmod(path, 0o777);
}

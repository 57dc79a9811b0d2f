/** Writes the pods and claims of a StatefulSet, with the events that tell of it: statefulset/stateful_pod_control.go. */
import { isReason } from '../../api/errors.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { Store } from '../../client/informer-store.ts';
import { joinKey } from '../../client/informer-store.ts';
import { refs } from '../../client/refs.ts';
import type { OwnWrites } from '../shared/own-writes.ts';
import { messageOf } from '../shared/pod-control.ts';
import { claimsFor, identityMatches, ordinalOf, parsePodName, storageMatches, withIdentity, withStorage } from './identity.ts';
import type { Holders } from './retention.ts';
import { deletesWhenScaled, hasOtherController, holdersOf, isOwnedByFormerPod, isOwnerUpToDate, ownersFor } from './retention.ts';

export interface StatefulPodControlOptions {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly claims: Store<PersistentVolumeClaim>;
  readonly podWrites: OwnWrites<Pod>;
  readonly claimWrites: OwnWrites<PersistentVolumeClaim>;
}

export class StatefulPodControl {
  readonly #options: StatefulPodControlOptions;

  constructor(options: StatefulPodControlOptions) {
    this.#options = options;
  }

  /** First the claims, then the pod. */
  async create(set: StatefulSet, pod: New<Pod>): Promise<void> {
    const { client, podWrites } = this.#options;
    const podName = pod.metadata.name ?? '';
    await this.#told('create', set, podName, () => this.#createClaims(set, podName));
    try {
      const created = await client.resource(refs.pods).create(set.metadata.namespace ?? '', pod);
      podWrites.created(set.metadata.uid, created);
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) this.#record('create', set, podName, error);
      throw error;
    }
    await this.#told('update', set, podName, () => this.#updateOwners({ set, podName, pod: undefined }));
    this.#record('create', set, podName);
  }

  /** Gives the pod back its labels and volumes, and its claims their owners. */
  async update(set: StatefulSet, pod: Pod): Promise<void> {
    const { client, podWrites } = this.#options;
    const { name } = pod.metadata;
    const ordinal = ordinalOf(pod);
    const next = structuredClone(pod);
    if (!identityMatches(set, pod)) next.metadata.labels = withIdentity(set, pod.metadata.labels, ordinal);
    if (!storageMatches(set, pod)) {
      next.spec.volumes = withStorage(set, pod.spec.volumes, ordinal);
      await this.#told('update', set, name, () => this.#createClaims(set, name));
    }
    await this.#told('update', set, name, () => this.#updateOwners(holdersOf(set, pod)));
    if (identityMatches(set, pod) && storageMatches(set, pod)) return;
    await this.#told('update', set, name, async () => podWrites.created(set.metadata.uid, await client.resource(refs.pods).update(next)));
    this.#record('update', set, name);
  }

  /** A pod that is gone already is no failure; one that came anew by the same name is left alone. */
  async delete(set: StatefulSet, pod: Pod): Promise<void> {
    const { client, podWrites } = this.#options;
    const { namespace = '', name, uid } = pod.metadata;
    podWrites.deleting(set.metadata.uid, pod);
    try {
      await client.resource(refs.pods).delete(namespace, name, { preconditions: { uid } });
    } catch (error) {
      podWrites.notDeleted(set.metadata.uid, pod);
      if (!isReason(error, 'NotFound')) {
        this.#record('delete', set, name, error);
        throw error;
      }
    }
    this.#record('delete', set, name);
  }

  /** A pending pod may wait for a claim that somebody deleted. */
  async restoreClaims(set: StatefulSet, pod: Pod): Promise<void> {
    await this.#createClaims(set, pod.metadata.name);
    await this.#told('update', set, pod.metadata.name, () => this.#updateOwners(holdersOf(set, pod)));
  }

  ownersMatchPolicy(set: StatefulSet, pod: Pod): boolean {
    const holders = holdersOf(set, pod);
    return this.#existing(set, pod.metadata.name).every((claim) => isOwnerUpToDate(claim, holders));
  }

  async applyPolicy(set: StatefulSet, pod: Pod): Promise<void> {
    await this.#updateOwners(holdersOf(set, pod));
  }

  /** Whether a claim of the coming pod still belongs to the one before, and is about to be collected. */
  hasStaleClaim(set: StatefulSet, podName: string): boolean {
    if (!deletesWhenScaled(set)) return false;
    const holders: Holders = { set, podName, pod: undefined };
    return this.#existing(set, podName).some((claim) => isOwnedByFormerPod(claim.metadata.ownerReferences ?? [], holders));
  }

  #existing(set: StatefulSet, podName: string): PersistentVolumeClaim[] {
    const ordinal = parsePodName(podName)?.ordinal ?? -1;
    return claimsFor(set, ordinal).flatMap(({ metadata }) => this.#cached(set, metadata.name) ?? []);
  }

  #cached(set: StatefulSet, name: string | undefined): PersistentVolumeClaim | undefined {
    return this.#options.claims.get(joinKey(set.metadata.namespace ?? '', name ?? ''));
  }

  async #createClaims(set: StatefulSet, podName: string): Promise<void> {
    const { client, claimWrites } = this.#options;
    const failures: string[] = [];
    for (const claim of claimsFor(set, parsePodName(podName)?.ordinal ?? -1)) {
      const name = claim.metadata.name ?? '';
      const existing = this.#cached(set, name);
      if (existing?.metadata.deletionTimestamp !== undefined) failures.push(`pvc ${name} is being deleted`);
      if (existing !== undefined) continue;
      const ownerReferences = ownersFor([], { set, podName, pod: undefined });
      const owned = ownerReferences.length === 0 ? claim : { ...claim, metadata: { ...claim.metadata, ownerReferences } };
      try {
        const created = await client.resource(refs.persistentVolumeClaims).create(set.metadata.namespace ?? '', owned);
        claimWrites.created(set.metadata.uid, created);
        this.#recordClaim(set, podName, name);
      } catch (error) {
        failures.push(`failed to create PVC ${name}: ${messageOf(error)}`);
        if (!isReason(error, 'AlreadyExists')) this.#recordClaim(set, podName, name, error);
      }
    }
    if (failures.length > 0) throw new Error(failures.length === 1 ? failures[0] : `[${failures.join(', ')}]`);
  }

  async #updateOwners(holders: Holders): Promise<void> {
    const { client, recorder, claimWrites } = this.#options;
    const { set, podName } = holders;
    for (const claim of this.#existing(set, podName)) {
      const { name } = claim.metadata;
      if (hasOtherController(claim.metadata.ownerReferences ?? [], holders)) {
        const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
        recorder.event(referenceTo(refs.statefulSets, set), 'Warning', 'ConflictingController', message);
      }
      if (isOwnerUpToDate(claim, holders)) continue;
      const metadata = { ...claim.metadata, ownerReferences: ownersFor(claim.metadata.ownerReferences ?? [], holders) };
      try {
        claimWrites.created(set.metadata.uid, await client.resource(refs.persistentVolumeClaims).update({ ...claim, metadata }));
      } catch (error) {
        throw new Error(`could not update claim ${name} for delete policy ownerRefs: ${messageOf(error)}`, { cause: error });
      }
    }
  }

  /** Runs it; a failure is told and thrown on. */
  async #told(verb: Verb, set: StatefulSet, podName: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#record(verb, set, podName, error);
      throw error;
    }
  }

  #record(verb: Verb, set: StatefulSet, podName: string, error?: unknown): void {
    const what = `${titles[verb]} Pod ${podName} in StatefulSet ${set.metadata.name}`;
    this.#event(set, titles[verb], error === undefined ? `${what} successful` : `${what} failed error: ${messageOf(error)}`, error);
  }

  #recordClaim(set: StatefulSet, podName: string, claim: string, error?: unknown): void {
    const where = `in StatefulSet ${set.metadata.name}`;
    const message =
      error === undefined
        ? `Create Claim ${claim} Pod ${podName} ${where} success`
        : `Create Claim ${claim} for Pod ${podName} ${where} failed error: ${messageOf(error)}`;
    this.#event(set, 'Create', message, error);
  }

  #event(set: StatefulSet, title: string, message: string, error: unknown): void {
    const about = referenceTo(refs.statefulSets, set);
    if (error === undefined) this.#options.recorder.event(about, 'Normal', `Successful${title}`, message);
    else this.#options.recorder.event(about, 'Warning', `Failed${title}`, message);
  }
}

type Verb = 'create' | 'update' | 'delete';
const titles: Readonly<Record<Verb, string>> = { create: 'Create', update: 'Update', delete: 'Delete' };

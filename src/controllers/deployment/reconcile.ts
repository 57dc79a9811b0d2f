/** One round for one Deployment: deployment/deployment_controller.go syncDeployment and what it calls. */
import { isReason } from '../../api/errors.ts';
import type { Deployment, DeploymentCondition, DeploymentStatus, Pod, ReplicaSet } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import type { Clock } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { templateHash } from '../shared/hash.ts';
import { controllerReference, isControlledBy } from '../shared/owners.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pod-control.ts';
import { isPodTerminal } from '../shared/pods.ts';
import {
  annotations,
  annotationsFor,
  hashLabel,
  isActive,
  maxRevision,
  sameTemplate,
  setsToCleanUp,
  sizeAnnotations,
  sortOut,
} from './replica-sets.ts';
import { rollbackRevision, rolledBack } from './rollback.ts';
import { isScalingEvent, newSetSize, scale, shrinkOld } from './rollout.ts';
import {
  calculateStatus,
  conditionOf,
  hasProgressDeadline,
  isComplete,
  nextProgressCheck,
  progressing,
  reasons,
  rolloutStatus,
  withCondition,
} from './status.ts';
import { desired } from './strategy.ts';

export interface RoundOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly deployment: Deployment;
  /** The ReplicaSets it owns. */
  readonly sets: readonly ReplicaSet[];
  /** The pods of one of them. */
  readonly podsOf: (set: ReplicaSet) => Iterable<Pod>;
}

/** The state of one round: what is stored, and what this round has found out so far. */
export class Round {
  readonly #options: RoundOptions;
  readonly #deployment: Deployment;
  readonly #old: ReplicaSet[];
  #current: ReplicaSet | undefined;
  #conditions: DeploymentCondition[];
  #collisionCount: number | undefined;
  #revision: string | undefined;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#deployment = options.deployment;
    this.#conditions = [...(options.deployment.status.conditions ?? [])];
    this.#collisionCount = options.deployment.status.collisionCount;
    ({ current: this.#current, old: this.#old } = sortOut(options.deployment, options.sets));
  }

  async run(): Promise<ReconcileResult | undefined> {
    const deployment = this.#deployment;
    if (deployment.metadata.deletionTimestamp !== undefined) {
      await this.#refreshCurrent();
      return this.#writeStatus(calculateStatus(this.#facts()));
    }
    this.#notePause();
    await this.#refreshCurrent();
    const rollbackTo = deployment.spec.paused === true ? undefined : rollbackRevision(deployment);
    if (rollbackTo !== undefined) return this.#rollBack(rollbackTo);
    if (deployment.spec.paused === true || isScalingEvent(deployment, this.#all())) return this.#sync();
    if (deployment.spec.strategy?.type === 'Recreate') return this.#recreate();
    return this.#roll();
  }

  /** Goes back to an earlier template, and in any case stops asking for it. */
  async #rollBack(revision: bigint): Promise<undefined> {
    this.#current ??= await this.#createCurrent();
    const { deployment, event } = rolledBack(this.#deployment, this.#all(), revision);
    await this.#options.client.resource(refs.deployments).update(deployment);
    this.#event(event.type, event.reason, event.message);
    return undefined;
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #all(): ReplicaSet[] {
    return this.#current === undefined ? this.#old : [...this.#old, this.#current];
  }

  #facts(): Parameters<typeof calculateStatus>[0] {
    return {
      deployment: this.#deployment,
      conditions: this.#conditions,
      collisionCount: this.#collisionCount,
      current: this.#current,
      old: this.#old,
      now: this.#now,
    };
  }

  /** Pausing and resuming restart the progress clock. */
  #notePause(): void {
    const paused = this.#deployment.spec.paused === true;
    const condition = conditionOf(this.#conditions, 'Progressing');
    if (!hasProgressDeadline(this.#deployment) || condition?.reason === reasons.timedOut) return;
    if (paused && condition?.reason !== reasons.paused) {
      this.#conditions = withCondition(this.#conditions, progressing('Unknown', reasons.paused, 'Deployment is paused', this.#now));
    } else if (!paused && condition?.reason === reasons.paused) {
      this.#conditions = withCondition(this.#conditions, progressing('Unknown', reasons.resumed, 'Deployment is resumed', this.#now));
    }
  }

  /** Gives an existing new ReplicaSet its revision, annotations and minReadySeconds. */
  async #refreshCurrent(): Promise<void> {
    const set = this.#current;
    if (set === undefined) return;
    const wanted = annotationsFor(this.#deployment, set.metadata.annotations ?? {}, maxRevision(this.#old) + 1n);
    const minReadySeconds = this.#deployment.spec.minReadySeconds ?? 0;
    if (!jsonEqual(wanted, set.metadata.annotations ?? {}) || (set.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      const next = structuredClone(set);
      next.metadata.annotations = wanted;
      if (minReadySeconds === 0) delete next.spec.minReadySeconds;
      else next.spec.minReadySeconds = minReadySeconds;
      this.#current = await this.#options.client.resource(refs.replicaSets).update(next);
    }
    this.#revision = wanted[annotations.revision];
    if (hasProgressDeadline(this.#deployment) && conditionOf(this.#conditions, 'Progressing') === undefined) {
      const found = progressing('True', reasons.foundNewReplicaSet, `Found new replica set "${set.metadata.name}"`, this.#now);
      this.#conditions = withCondition(this.#conditions, found);
    }
  }

  async #createCurrent(): Promise<ReplicaSet> {
    const deployment = this.#deployment;
    const revision = maxRevision(this.#old) + 1n;
    const wanted = this.#makeSet(revision);
    const name = wanted.metadata.name ?? '';
    const replicas = wanted.spec?.replicas ?? 0;
    try {
      const created = await this.#options.client.resource(refs.replicaSets).create(deployment.metadata.namespace ?? '', wanted);
      if (replicas > 0) this.#event('Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${String(replicas)}`);
      if (hasProgressDeadline(deployment)) {
        const condition = progressing('True', reasons.newReplicaSetCreated, `Created new replica set "${name}"`, this.#now);
        this.#conditions = withCondition(this.#conditions, condition);
      }
      this.#current = created;
    } catch (error) {
      this.#current = await this.#creationFailed(name, error);
    }
    this.#revision = String(revision);
    return this.#current;
  }

  #makeSet(revision: bigint): New<ReplicaSet> {
    const { metadata, spec } = this.#deployment;
    const hash = templateHash(spec.template, this.#collisionCount);
    const template = structuredClone(spec.template);
    const labels = { ...template.metadata?.labels, [hashLabel]: hash };
    template.metadata = { ...template.metadata, labels };
    return {
      metadata: {
        name: `${metadata.name.slice(0, 252 - hash.length)}-${hash}`,
        namespace: metadata.namespace ?? '',
        labels,
        annotations: annotationsFor(this.#deployment, undefined, revision),
        ownerReferences: [controllerReference(refs.deployments, this.#deployment)],
      },
      spec: {
        replicas: newSetSize(this.#deployment, undefined, this.#old),
        ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
        selector: { ...structuredClone(spec.selector), matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash } },
        template,
      },
    };
  }

  /** Takes a ReplicaSet of that name when it is ours after all; counts a hash collision; reports what else went wrong. */
  async #creationFailed(name: string, error: unknown): Promise<ReplicaSet> {
    const deployment = this.#deployment;
    if (isReason(error, 'AlreadyExists')) {
      const existing = await this.#options.client.resource(refs.replicaSets).get(deployment.metadata.namespace ?? '', name);
      if (isControlledBy(existing, deployment) && sameTemplate(existing.spec.template, deployment.spec.template)) return existing;
      this.#collisionCount = (this.#collisionCount ?? 0) + 1;
      await this.#writeStatus({ ...deployment.status, conditions: this.#conditions, collisionCount: this.#collisionCount });
    } else if (!isNamespaceTerminating(error)) {
      const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
      this.#event('Warning', reasons.replicaSetCreateError, message);
      if (hasProgressDeadline(deployment)) {
        const condition = progressing('False', reasons.replicaSetCreateError, message, this.#now);
        await this.#writeStatus({ ...deployment.status, conditions: withCondition(this.#conditions, condition) });
      }
    }
    throw error;
  }

  /** Scaling, and all that happens while paused. */
  async #sync(): Promise<ReconcileResult | undefined> {
    const { resizes, annotate } = scale(this.#deployment, this.#current, this.#old);
    for (const { set, replicas } of resizes) await this.#resize(set, replicas, annotate);
    if (this.#deployment.spec.paused === true) await this.#cleanUp();
    return this.#writeStatus(calculateStatus(this.#facts()));
  }

  async #roll(): Promise<ReconcileResult | undefined> {
    const current = this.#current ?? (await this.#createCurrent());
    const grown = await this.#resize(current, newSetSize(this.#deployment, current, this.#old), false);
    if (!grown) {
      const resizes = shrinkOld(this.#deployment, current, this.#old);
      for (const { set, replicas } of resizes) await this.#resize(this.#newest(set), replicas, false);
      if (resizes.length === 0 && isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    }
    return this.#writeStatus(rolloutStatus(this.#facts()));
  }

  async #recreate(): Promise<ReconcileResult | undefined> {
    const active = this.#old.filter(isActive);
    for (const set of active) await this.#resize(set, 0, false);
    if (active.length === 0 && !this.#oldPodsRun()) {
      const current = this.#current ?? (await this.#createCurrent());
      await this.#resize(current, desired(this.#deployment), false);
      if (isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    }
    return this.#writeStatus(rolloutStatus(this.#facts()));
  }

  #oldPodsRun(): boolean {
    if (this.#old.some((set) => (set.status.replicas ?? 0) > 0)) return true;
    return this.#old.some((set) => [...this.#options.podsOf(set)].some((pod) => !isPodTerminal(pod)));
  }

  /** Whether the size was changed. */
  async #resize(set: ReplicaSet, replicas: number, annotate: boolean): Promise<boolean> {
    const before = set.spec.replicas ?? 1;
    if (before === replicas && !annotate) return false;
    const sizes = sizeAnnotations(this.#deployment);
    const stale = Object.entries(sizes).some(([key, value]) => set.metadata.annotations?.[key] !== value);
    if (before === replicas && !stale) return false;
    const next = structuredClone(set);
    next.spec.replicas = replicas;
    next.metadata.annotations = { ...next.metadata.annotations, ...sizes };
    const updated = await this.#options.client.resource(refs.replicaSets).update(next);
    this.#replace(set, updated);
    if (before === replicas) return false;
    const direction = before < replicas ? 'up' : 'down';
    this.#event(
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${set.metadata.name} from ${String(before)} to ${String(replicas)}`,
    );
    return true;
  }

  /** The set as this round last wrote it. */
  #newest(set: ReplicaSet): ReplicaSet {
    return this.#old.find((one) => one.metadata.uid === set.metadata.uid) ?? set;
  }

  #replace(set: ReplicaSet, updated: ReplicaSet): void {
    if (this.#current === set) this.#current = updated;
    const at = this.#old.indexOf(set);
    if (at >= 0) this.#old[at] = updated;
  }

  async #cleanUp(): Promise<void> {
    for (const set of setsToCleanUp(this.#deployment, this.#old)) {
      try {
        await this.#options.client.resource(refs.replicaSets).delete(set.metadata.namespace ?? '', set.metadata.name);
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
  }

  /** Writes what differs, or plans the next look at the deadline. */
  async #writeStatus(status: DeploymentStatus): Promise<ReconcileResult | undefined> {
    const deployment = this.#deployment;
    const known = deployment.metadata.annotations?.[annotations.revision];
    const revision = this.#revision ?? known;
    if (jsonEqual(status, deployment.status) && revision === known) {
      const next = nextProgressCheck(deployment, status, this.#now);
      return next === undefined ? undefined : { requeueAfter: next };
    }
    const api = this.#options.client.resource(refs.deployments);
    // As upstream, the revision goes along with the status; a server that takes only status from such a write gets it apart.
    const metadata =
      revision === undefined
        ? deployment.metadata
        : { ...deployment.metadata, annotations: { ...deployment.metadata.annotations, [annotations.revision]: revision } };
    const written = await api.updateStatus({ ...deployment, metadata, status });
    if (revision === undefined || written.metadata.annotations?.[annotations.revision] === revision) return undefined;
    const body = { metadata: { uid: deployment.metadata.uid, annotations: { [annotations.revision]: revision } } };
    await api.patch(deployment.metadata.namespace ?? '', deployment.metadata.name, { type: 'application/merge-patch+json', body });
    return undefined;
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.event(referenceTo(refs.deployments, this.#deployment), type, reason, message);
  }
}

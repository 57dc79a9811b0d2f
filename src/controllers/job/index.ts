/** Jobs, and the tracking finalizers of pods that no Job counts any more: pkg/controller/job/job_controller.go. */
import type { Job, Pod } from '../../api/generated/types.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult, Reconciler } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { OwnWrites } from '../shared/own-writes.ts';
import { byController, controllerIndexer, controllerOf, orphansOf } from '../shared/owners.ts';
import { PodControl } from '../shared/pod-control.ts';
import type { FailureRecord } from './backoff.ts';
import { noFailures } from './backoff.ts';
import { isFinished } from '../shared/job-conditions.ts';
import { foreignManager, isTracked } from './pods.ts';
import { JobRound, releasePod } from './sync.ts';

/** Changes of pods are taken together for this long, in ms (upstream: one second). */
const batchMs = 100;
const backoff = { initialMs: 1000, maxMs: 60_000 };
/** Index: tracked pods by namespace. */
const tracked = 'job-tracked';

export const jobController: Controller = {
  name: 'job-controller',
  watches: ['jobs', 'pods'],
  start: (context) => new JobController(context).start(),
};

class JobController {
  readonly #context: ControllerContext;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #writes: { readonly pods: OwnWrites<Pod>; readonly jobs: OwnWrites<Job> };
  readonly #recorder: ReturnType<ControllerContext['recorder']>;
  readonly #control: PodControl<Job>;
  /** By key of the Job. */
  readonly #failures = new Map<string, FailureRecord>();
  readonly #loop: Reconciler;
  readonly #orphans: Reconciler;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { client, clock, logger, queues, informers } = context;
    this.#jobs = informers.of(refs.jobs);
    this.#pods = informers.of(refs.pods);
    this.#jobs.addIndexer('namespace', indexers.namespace);
    this.#pods.addIndexer(byController, controllerIndexer);
    this.#pods.addIndexer(tracked, (pod) => (isTracked(pod) ? [pod.metadata.namespace ?? ''] : []));
    this.#writes = { pods: new OwnWrites(this.#pods), jobs: new OwnWrites(this.#jobs) };
    this.#recorder = context.recorder('job-controller');
    this.#control = new PodControl(client, this.#recorder, refs.jobs);
    const common = { clock, logger, queues, backoff, ready: Promise.all([this.#jobs.synced, this.#pods.synced]) };
    this.#loop = startReconciler({ ...common, name: 'job-controller', reconcile: (key) => this.#reconcile(key) });
    this.#orphans = startReconciler({ ...common, name: 'job-orphan-pods', reconcile: (key) => this.#releaseOrphan(key) });
  }

  start(): Running {
    const jobs = this.#jobs.handle({
      add: (job) => this.#loop.enqueue(keyOf(job)),
      update: (old, job) => this.#jobChanged(old, job),
      delete: (job) => this.#jobGone(job),
    });
    const pods = this.#pods.handle({
      add: (pod) => (pod.metadata.deletionTimestamp === undefined ? this.#podAdded(pod) : this.#podGoes(pod)),
      update: (old, pod) => (pod.metadata.deletionTimestamp === undefined ? this.#podChanged(old, pod) : this.#podGoes(pod)),
      delete: (pod) => this.#podGoes(pod),
    });
    return running(async () => {
      await jobs.stop();
      await pods.stop();
      await this.#loop.stop();
      await this.#orphans.stop();
    });
  }

  #jobChanged(old: Job, job: Job): void {
    if (isFinished(job)) {
      this.#forget(job);
      return this.#releaseLeftovers(job);
    }
    if (old.metadata.generation !== job.metadata.generation) this.#loop.enqueue(keyOf(job));
    else this.#soon(job);
  }

  #jobGone(job: Job): void {
    this.#forget(job);
    this.#releaseLeftovers(job);
  }

  #forget(job: Job): void {
    this.#failures.delete(keyOf(job));
    this.#writes.pods.forget(job.metadata.uid);
    this.#writes.jobs.forget(job.metadata.uid);
  }

  #soon(job: Job): void {
    this.#loop.enqueueAfter(keyOf(job), batchMs);
  }

  /** Pods of a Job that counts no more may still have the finalizer. */
  #releaseLeftovers(job: Job): void {
    const matches = labelMatcher(job.spec.selector);
    for (const pod of this.#pods.store.byIndex(tracked, job.metadata.namespace ?? '')) {
      if (matches(pod.metadata.labels)) this.#orphans.enqueue(keyOf(pod));
    }
  }

  #podAdded(pod: Pod): void {
    const owner = this.#jobOf(pod);
    if (owner !== undefined) this.#soon(owner);
    if (controllerOf(pod) === undefined) this.#orphaned(pod, true);
  }

  #podChanged(old: Pod, pod: Pod): void {
    const ownerChanged = !jsonEqual(controllerOf(old), controllerOf(pod));
    const before = ownerChanged ? this.#jobOf(old) : undefined;
    if (before !== undefined) this.#soon(before);
    const owner = this.#jobOf(pod);
    if (owner !== undefined) this.#soon(owner);
    if (controllerOf(pod) === undefined) this.#orphaned(pod, ownerChanged || !jsonEqual(old.metadata.labels, pod.metadata.labels));
  }

  #orphaned(pod: Pod, mayBeAdopted: boolean): void {
    if (isTracked(pod)) this.#orphans.enqueue(keyOf(pod));
    if (!mayBeAdopted) return;
    for (const job of this.#jobs.store.byIndex('namespace', pod.metadata.namespace ?? '')) {
      if (job.spec.selector !== undefined && labelMatcher(job.spec.selector)(pod.metadata.labels)) this.#soon(job);
    }
  }

  /** It is being deleted, or gone. */
  #podGoes(pod: Pod): void {
    const owner = this.#jobOf(pod);
    const mine = controllerOf(pod) === undefined || controllerOf(pod)?.kind === 'Job';
    if (mine && isTracked(pod) && (owner === undefined || isFinished(owner))) this.#orphans.enqueue(keyOf(pod));
    if (owner !== undefined && !isFinished(owner)) this.#soon(owner);
  }

  #jobOf(pod: Pod): Job | undefined {
    const owner = controllerOf(pod);
    const job = owner?.kind === 'Job' ? this.#jobs.store.get(joinKey(pod.metadata.namespace ?? '', owner.name)) : undefined;
    return job?.metadata.uid === owner?.uid ? job : undefined;
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const job = this.#jobs.store.get(key);
    if (job === undefined || foreignManager(job) !== undefined || isFinished(job)) {
      this.#failures.delete(key);
      return undefined;
    }
    const { uid, namespace = '' } = job.metadata;
    // The events that bring the caches on also wake this Job.
    if (!this.#writes.jobs.areSeen(uid) || !this.#writes.pods.areSeen(uid)) return undefined;
    const { completionMode = 'NonIndexed' } = job.spec;
    if (completionMode !== 'NonIndexed' && completionMode !== 'Indexed') {
      const message = 'Skipped Job sync because completion mode is unknown';
      this.#recorder.event(referenceTo(refs.jobs, job), 'Warning', 'UnknownCompletionMode', message);
      return undefined;
    }
    const { store } = this.#pods;
    const result = await new JobRound({
      client: this.#context.client,
      clock: this.#context.clock,
      recorder: this.#recorder,
      control: this.#control,
      writes: this.#writes,
      job,
      candidates: [...store.byIndex(byController, uid), ...store.byIndex(byController, orphansOf(namespace))],
      failures: this.#failures.get(key) ?? noFailures,
      remember: (failures) => this.#failures.set(key, failures),
    }).run();
    return result?.requeueAfter === undefined ? result : { requeueAfter: Math.max(result.requeueAfter, batchMs) };
  }

  /** Frees a pod that no living Job counts. */
  async #releaseOrphan(key: string): Promise<undefined> {
    const pod = this.#pods.store.get(key);
    if (pod === undefined) return undefined;
    const controller = controllerOf(pod);
    if (controller !== undefined) {
      if (controller.kind !== 'Job' || controller.apiVersion !== 'batch/v1') return undefined;
      const job = this.#jobOf(pod);
      if (job !== undefined && (foreignManager(job) !== undefined || !isFinished(job))) return undefined;
    }
    await releasePod(this.#context.client, pod);
    return undefined;
  }
}

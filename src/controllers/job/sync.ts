/** One round for one Job: syncJob in pkg/controller/job/job_controller.go. What to do is decided elsewhere; here it is done, in order. */
import type { Job, JobCondition, JobStatus, Pod } from '../../api/generated/types.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import type { Clock } from '../../base/clock.ts';
import { rfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Client } from '../../client/client.ts';
import { found } from '../../client/found.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { claim } from '../shared/claim.ts';
import type { OwnWrites } from '../shared/own-writes.ts';
import { isNamespaceTerminating, slowStart } from '../shared/pod-control.ts';
import type { PodControl } from '../shared/pod-control.ts';
import { isPodReady, isPodTerminating } from '../shared/pods.ts';
import type { FailureRecord } from './backoff.ts';
import { recordOutcomes } from './backoff.ts';
import { makeCondition, withCondition } from './conditions.ts';
import { planPods } from './manage.ts';
import type { Observation } from './observe.ts';
import { decideEnd, observe, untilDeadline } from './observe.ts';
import { countReady, isSuspended, isTracked, trackingFinalizer } from './pods.ts';
import { jobTemplate, makePod } from './template.ts';
import { canonicalStatus, countPods, countUncounted, settleUncounted } from './tracking.ts';

export interface JobRoundOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly control: PodControl<Job>;
  readonly writes: { readonly pods: OwnWrites<Pod>; readonly jobs: OwnWrites<Job> };
  readonly job: Job;
  /** Its own pods and orphans of its namespace. */
  readonly candidates: readonly Pod[];
  /** Failures the controller remembers of this Job. */
  readonly failures: FailureRecord;
  /** Called when they have changed and that is accounted for. */
  readonly remember: (failures: FailureRecord) => void;
}

/** Pods as they are after what this round did to them. */
interface Tally {
  active: number;
  ready: number;
  terminating: number;
}

export class JobRound {
  readonly #options: JobRoundOptions;
  readonly #now: number;
  /** The Job as last written. */
  #job: Job;
  #status: JobStatus;
  #requeueAfter: number | undefined;

  constructor(options: JobRoundOptions) {
    this.#options = options;
    this.#now = options.clock.now();
    this.#job = options.job;
    this.#status = { ...options.job.status, uncountedTerminatedPods: options.job.status.uncountedTerminatedPods ?? {} };
  }

  async run(): Promise<ReconcileResult | undefined> {
    const pods = await this.#claimPods();
    if (this.#status.startTime === undefined && !isSuspended(this.#job)) this.#status.startTime = rfc3339(this.#now);
    const job = { ...this.#job, status: this.#status };
    const seen = observe(job, pods);
    const failures = recordOutcomes(this.#options.failures, seen.newlySucceeded, seen.newlyFailed);
    const tally = { active: seen.active.length, ready: countReady(seen.active), terminating: pods.filter(isPodTerminating).length };
    let end = decideEnd(job, pods, seen, this.#now);
    const deadline = end === undefined ? untilDeadline(job, this.#now) : undefined;
    if (deadline !== undefined) this.#comeBack(deadline);
    let failure: unknown;
    if (end !== undefined) {
      failure = await this.#removeActive(seen.active, tally);
      // Not the end yet when some pods could not be told.
      if (tally.active > 0) end = undefined;
    } else ({ end, failure } = await this.#manage(pods, { seen, tally, failures }));
    this.#status = { ...this.#status, active: tally.active, ready: tally.ready, terminating: tally.terminating };
    await this.#track(pods, { end, seen, failures, terminating: tally.terminating });
    if (failure instanceof Error) throw failure;
    return this.#requeueAfter === undefined ? undefined : { requeueAfter: this.#requeueAfter };
  }

  #comeBack(ms: number): void {
    this.#requeueAfter = Math.min(this.#requeueAfter ?? ms, ms);
  }

  #claimPods(): Promise<Pod[]> {
    const { client, candidates, job } = this.#options;
    const matches = labelMatcher(job.spec.selector);
    return claim(candidates, { client, owner: job, ownerRef: refs.jobs, ref: refs.pods, matches, finalizer: trackingFinalizer });
  }

  /** Makes or removes pods, and finds out whether all completions are reached. Returns the first failure. */
  async #manage(
    pods: readonly Pod[],
    { seen, tally, failures }: { seen: Observation; tally: Tally; failures: FailureRecord },
  ): Promise<{ end: JobCondition | undefined; failure: unknown }> {
    const job = this.#job;
    const manages = job.metadata.deletionTimestamp === undefined;
    let failure: unknown;
    if (manages) {
      const plan = planPods(job, { pods, seen, failures, now: this.#now });
      if (plan.act === 'remove') failure = await this.#removeUncounted(plan.pods, tally);
      if (plan.act === 'create') failure = await this.#create(plan.indexes, seen, tally);
      if (plan.act === 'wait') this.#comeBack(plan.ms);
    }
    const { completions } = job.spec;
    const complete = tally.active === 0 && (completions === undefined ? seen.succeeded > 0 : seen.succeeded >= completions);
    const reached = { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
    if (complete) return { end: makeCondition('SuccessCriteriaMet', 'True', reached, this.#now), failure };
    if (manages) this.#noteSuspension();
    return { end: undefined, failure };
  }

  #noteSuspension(): void {
    const suspended = isSuspended(this.#job);
    const condition = suspended
      ? makeCondition('Suspended', 'True', { reason: 'JobSuspended', message: 'Job suspended' }, this.#now)
      : makeCondition('Suspended', 'False', { reason: 'JobResumed', message: 'Job resumed' }, this.#now);
    const conditions = withCondition(this.#status.conditions ?? [], condition);
    if (conditions === undefined) return;
    this.#event('Normal', suspended ? 'Suspended' : 'Resumed', condition.message ?? '');
    // Only the time since the last resumption counts against activeDeadlineSeconds.
    const { startTime, ...status } = this.#status;
    void startTime;
    this.#status = { ...status, conditions, ...(suspended ? {} : { startTime: rfc3339(this.#now) }) };
  }

  /** The Job is over: its pods go, and are counted as they do. */
  async #removeActive(pods: readonly Pod[], tally: Tally): Promise<unknown> {
    return firstFailure(pods, (pod) => this.#remove(pod, tally));
  }

  /** These pods are too many: they go without being counted. */
  async #removeUncounted(pods: readonly Pod[], tally: Tally): Promise<unknown> {
    return firstFailure(pods, async (pod) => {
      if (isTracked(pod)) await this.#release(pod);
      await this.#remove(pod, tally);
    });
  }

  async #remove(pod: Pod, tally: Tally): Promise<void> {
    const { control, writes } = this.#options;
    const owner = this.#job.metadata.uid;
    writes.pods.deleting(owner, pod);
    try {
      await control.delete(pod, this.#job);
    } catch (error) {
      writes.pods.notDeleted(owner, pod);
      throw error;
    }
    tally.active -= 1;
    tally.terminating += 1;
    if (isPodReady(pod)) tally.ready -= 1;
  }

  /** Takes the tracking finalizer off. */
  async #release(pod: Pod): Promise<void> {
    const { client, writes } = this.#options;
    const patched = await releasePod(client, pod);
    if (patched !== undefined) writes.pods.created(this.#job.metadata.uid, patched);
  }

  async #create(indexes: readonly (number | undefined)[], seen: Observation, tally: Tally): Promise<unknown> {
    const { control, writes } = this.#options;
    const job = this.#job;
    const template = jobTemplate(job);
    const next = indexes.values();
    const { succeeded, error } = await slowStart(indexes.length, async () => {
      const index = next.next().value;
      const replaced = index === undefined ? undefined : seen.indexes?.kept.get(index);
      try {
        writes.pods.created(job.metadata.uid, await control.create(makePod(job, template, index, replaced), job));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    tally.active += succeeded;
    return error;
  }

  /** Counts what ended, lets it go, and ends the Job when nothing is left to wait for. */
  async #track(
    pods: readonly Pod[],
    facts: { end: JobCondition | undefined; seen: Observation; failures: FailureRecord; terminating: number },
  ): Promise<void> {
    const { end, seen } = facts;
    const held = new Set(pods.filter(isTracked).map((pod) => pod.metadata.uid));
    const counting = { job: this.#job, pods, indexes: seen.indexes, end };
    const { status, release, isFull } = countPods(settleUncounted(this.#status, held), counting);
    this.#status = status;
    const last = this.#announce(end);
    const written = await this.#write();
    if (written || release.length > 0) this.#options.remember(facts.failures);
    const failure = await firstFailure(release, async (pod) => {
      await this.#release(pod);
      held.delete(pod.metadata.uid);
    });
    this.#status = settleUncounted(this.#status, held);
    const finished = failure === undefined && !isFull && last !== undefined && this.#finish(last, facts.terminating);
    await this.#write();
    if (finished) this.#tellEnd(last);
    if (failure instanceof Error) throw failure;
  }

  /** Puts the interim condition in, which has to be stored before pods are let go; returns the last one. */
  #announce(end: JobCondition | undefined): JobCondition | undefined {
    if (end === undefined || end.type === 'Failed') return end;
    const conditions = this.#status.conditions ?? [];
    if (!conditions.some(({ type, status }) => type === end.type && status === 'True')) {
      this.#status = { ...this.#status, conditions: [...conditions, end] };
    }
    const type = end.type === 'FailureTarget' ? 'Failed' : 'Complete';
    return makeCondition(type, 'True', { reason: end.reason ?? '', message: end.message ?? '' }, this.#now);
  }

  #finish(last: JobCondition, terminating: number): boolean {
    if (countUncounted(this.#status) > 0 || terminating > 0) return false;
    const conditions = withCondition(this.#status.conditions ?? [], last) ?? this.#status.conditions ?? [];
    this.#status = { ...this.#status, conditions, ...(last.type === 'Complete' ? { completionTime: rfc3339(this.#now) } : {}) };
    return true;
  }

  #tellEnd(last: JobCondition): void {
    if (last.type === 'Failed') return this.#event('Warning', last.reason ?? '', last.message ?? '');
    const { completions } = this.#job.spec;
    if (completions !== undefined && (this.#status.succeeded ?? 0) > completions) {
      this.#event('Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached');
    }
    this.#event('Normal', 'Completed', 'Job completed');
  }

  /** Whether there was something to write. */
  async #write(): Promise<boolean> {
    const status = canonicalStatus(this.#status);
    if (jsonEqual(status, this.#job.status)) return false;
    const { client, writes } = this.#options;
    this.#job = await client.resource(refs.jobs).updateStatus({ ...this.#job, status });
    this.#status = { ...this.#job.status };
    writes.jobs.created(this.#job.metadata.uid, this.#job);
    return true;
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.event(referenceTo(refs.jobs, this.#job), type, reason, message);
  }
}

/** Takes the tracking finalizer off a pod; undefined when the pod is gone or has none. */
export async function releasePod(client: Client, pod: Pod): Promise<Pod | undefined> {
  if (!isTracked(pod)) return undefined;
  const { namespace = '', name } = pod.metadata;
  const body = { metadata: { '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
  return found(client.resource(refs.pods).patch(namespace, name, { type: 'application/strategic-merge-patch+json', body }));
}

async function firstFailure(pods: readonly Pod[], act: (pod: Pod) => Promise<void>): Promise<unknown> {
  const results = await Promise.allSettled(pods.map(act));
  return results.find((result) => result.status === 'rejected')?.reason;
}

/** One round for one CronJob: pkg/controller/cronjob/cronjob_controllerv2.go. */
import { isReason } from '../../api/errors.ts';
import type { CronJob, CronJobStatus, Job } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { CronError, parseCron } from '../../api/cron.ts';
import type { Clock } from '../../base/clock.ts';
import { rfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { outcomeOf } from '../shared/job-conditions.ts';
import { controllerReference, isControlledBy } from '../shared/owners.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pod-control.ts';
import type { Calendar } from './calendar.ts';
import { createCalendar, rfc3339In } from './calendar.ts';
import type { DueRun } from './schedule.ts';
import { dueRun, SenselessSchedule, untilNextRun } from './schedule.ts';

export interface CronRoundOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly cronJob: CronJob;
  /** The Jobs it controls. */
  readonly jobs: readonly Job[];
}

export class CronRound {
  readonly #options: CronRoundOptions;
  readonly #cronJob: CronJob;
  readonly #now: number;
  #status: CronJobStatus;

  constructor(options: CronRoundOptions) {
    this.#options = options;
    this.#cronJob = options.cronJob;
    this.#now = options.clock.now();
    this.#status = options.cronJob.status;
  }

  async run(): Promise<ReconcileResult | undefined> {
    let result: ReconcileResult | undefined;
    let failure: unknown;
    await this.#trimHistory();
    try {
      result = await this.#sync();
    } catch (error) {
      failure = error;
    }
    await this.#writeStatus();
    if (failure instanceof Error) throw failure;
    return result;
  }

  async #sync(): Promise<ReconcileResult | undefined> {
    await this.#followJobs();
    await this.#dropMissing();
    const { spec, metadata } = this.#cronJob;
    if (metadata.deletionTimestamp !== undefined) return undefined;
    const zoneFault = spec.timeZone === undefined ? undefined : zoneError(spec.timeZone);
    if (zoneFault !== undefined) {
      this.#event('Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(spec.timeZone)}: ${zoneFault}`);
      return undefined;
    }
    if (spec.suspend === true) return undefined;
    const calendar = this.#calendar();
    const due = calendar === undefined ? undefined : this.#due(calendar);
    if (calendar === undefined || due === undefined) return undefined;
    if (due.time !== undefined) await this.#start(due.time);
    const wait = untilNextRun({ ...this.#cronJob, status: this.#status }, this.#now, calendar);
    return wait === undefined ? undefined : { requeueAfter: Math.max(0, wait) };
  }

  #calendar(): Calendar | undefined {
    const { schedule } = this.#cronJob.spec;
    if (schedule.includes('TZ')) this.#event('Warning', 'UnsupportedSchedule', unsupported(schedule));
    try {
      return calendarOf(this.#cronJob);
    } catch (error) {
      if (!(error instanceof CronError) && !(error instanceof RangeError)) throw error;
      this.#event('Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${error.message}`);
      return undefined;
    }
  }

  #due(calendar: Calendar): DueRun | undefined {
    try {
      const due = dueRun({ ...this.#cronJob, status: this.#status }, this.#now, calendar);
      if (due.time !== undefined && due.missed === 'many') {
        const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
        this.#event('Warning', 'TooManyMissedTimes', message);
      }
      return due;
    } catch (error) {
      if (!(error instanceof SenselessSchedule)) throw error;
      this.#event('Warning', 'InvalidSchedule', `invalid schedule: ${this.#cronJob.spec.schedule} : ${error.message}`);
      return undefined;
    }
  }

  /** Starts the run of this time, unless something speaks against it. */
  async #start(time: number): Promise<void> {
    const { spec, metadata } = this.#cronJob;
    const active = this.#status.active ?? [];
    const { startingDeadlineSeconds: deadline } = spec;
    if (deadline !== undefined && time + deadline * 1000 < this.#now) {
      const when = new Date(time).toUTCString().replace('GMT', '+0000');
      return this.#event('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${when}`);
    }
    const done = this.#status.lastScheduleTime !== undefined && Date.parse(this.#status.lastScheduleTime) === time;
    if (done || active.some((one) => one.name === jobName(metadata.name, time))) return;
    if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      return this.#event('Normal', 'JobAlreadyActive', message);
    }
    if (spec.concurrencyPolicy === 'Replace') for (const { namespace = '', name = '' } of active) await this.#replace(namespace, name);
    const job = await this.#create(time);
    if (job === undefined) return;
    const reference = referenceTo(refs.jobs, job);
    this.#status = { ...this.#status, active: [...(this.#status.active ?? []), reference], lastScheduleTime: rfc3339(time) };
  }

  async #replace(namespace: string, name: string): Promise<void> {
    const jobs = this.#options.client.resource(refs.jobs);
    let job: Job;
    try {
      job = await jobs.get(namespace, name);
    } catch (error) {
      this.#event('Warning', 'FailedGet', `Get job: ${messageOf(error)}`);
      throw error;
    }
    if (!(await this.#delete(job))) throw new Error(`could not replace job ${namespace}/${name}`);
  }

  /** The run's Job, made now or by an earlier round that died; undefined when the name belongs to somebody else or all is noted. */
  async #create(time: number): Promise<Job | undefined> {
    const jobs = this.#options.client.resource(refs.jobs);
    const wanted = jobFor(this.#cronJob, time);
    const { namespace = '', name = '' } = wanted.metadata;
    try {
      const job = await jobs.create(namespace, wanted);
      this.#event('Normal', 'SuccessfulCreate', `Created job ${name}`);
      return job;
    } catch (error) {
      if (isReason(error, 'AlreadyExists')) {
        const job = await jobs.get(namespace, name);
        return isControlledBy(job, this.#cronJob) && !this.#isActive(job) ? job : undefined;
      }
      if (!isNamespaceTerminating(error)) this.#event('Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
      throw error;
    }
  }

  #isActive(job: Job): boolean {
    return this.#status.active?.some(({ uid }) => uid === job.metadata.uid) === true;
  }

  #deactivate(uid: string | undefined): void {
    this.#status = { ...this.#status, active: (this.#status.active ?? []).filter((one) => one.uid !== uid) };
  }

  async #followJobs(): Promise<void> {
    for (const job of this.#options.jobs) {
      const active = this.#isActive(job);
      const outcome = outcomeOf(job);
      if (outcome === undefined) {
        if (!active) await this.#unexpected(job);
        continue;
      }
      const { name, uid } = job.metadata;
      if (active) {
        this.#deactivate(uid);
        this.#event('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${outcome}`);
      }
      const ended = job.status.completionTime;
      const last = this.#status.lastSuccessfulTime;
      if (outcome === 'Complete' && ended !== undefined && (last === undefined || Date.parse(ended) > Date.parse(last))) {
        this.#status = { ...this.#status, lastSuccessfulTime: ended };
      }
    }
  }

  /** The cache may be older than the last status: ask before telling. */
  async #unexpected(job: Job): Promise<void> {
    const { namespace = '', name } = this.#cronJob.metadata;
    const fresh = await this.#options.client.resource(refs.cronJobs).get(namespace, name);
    if (fresh.status.active?.some(({ uid }) => uid === job.metadata.uid) === true) this.#status = fresh.status;
    else this.#event('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${job.metadata.name}`);
  }

  async #dropMissing(): Promise<void> {
    const known = new Set(this.#options.jobs.map((job) => job.metadata.uid));
    for (const { uid = '', namespace = '', name = '' } of this.#status.active ?? []) {
      if (known.has(uid)) continue;
      try {
        await this.#options.client.resource(refs.jobs).get(namespace, name);
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
        this.#event('Normal', 'MissingJob', `Active job went missing: ${name}`);
        this.#deactivate(uid);
      }
    }
  }

  async #trimHistory(): Promise<void> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = this.#cronJob.spec;
    const limits = { Complete: successfulJobsHistoryLimit, Failed: failedJobsHistoryLimit };
    for (const outcome of ['Complete', 'Failed'] as const) {
      const limit = limits[outcome];
      if (limit === undefined) continue;
      const jobs = this.#options.jobs.filter((job) => outcomeOf(job) === outcome).sort(byStart);
      for (const job of jobs.slice(0, Math.max(0, jobs.length - limit))) await this.#delete(job);
    }
  }

  async #delete(job: Job): Promise<boolean> {
    const { namespace = '', name, uid } = job.metadata;
    try {
      await this.#options.client.resource(refs.jobs).delete(namespace, name, { propagationPolicy: 'Background' });
    } catch (error) {
      this.#event('Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
      return false;
    }
    if (this.#isActive(job)) this.#deactivate(uid);
    this.#event('Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    return true;
  }

  async #writeStatus(): Promise<void> {
    const { active = [], ...rest } = this.#status;
    const status = { ...(active.length === 0 ? {} : { active }), ...rest };
    if (jsonEqual(status, this.#cronJob.status)) return;
    await this.#options.client.resource(refs.cronJobs).updateStatus({ ...this.#cronJob, status });
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.event(referenceTo(refs.cronJobs, this.#cronJob), type, reason, message);
  }
}

/** Oldest first; those that have not started come last. */
function byStart(a: Job, b: Job): number {
  const [one, other] = [a, b].map((job) => (job.status.startTime === undefined ? Infinity : Date.parse(job.status.startTime))) as [
    number,
    number,
  ];
  return one === other ? (a.metadata.name < b.metadata.name ? -1 : 1) : one - other;
}

/** One name for one scheduled minute, so that no run is started twice. */
function jobName(name: string, time: number): string {
  return `${name}-${String(Math.floor(time / 60_000))}`;
}

function jobFor(cronJob: CronJob, time: number): New<Job> {
  const { metadata = {}, spec } = cronJob.spec.jobTemplate;
  const { name, namespace = '' } = cronJob.metadata;
  const scheduled = rfc3339In(time, cronJob.spec.timeZone ?? '');
  return {
    metadata: {
      name: jobName(name, time),
      namespace,
      ...(metadata.labels === undefined ? {} : { labels: { ...metadata.labels } }),
      annotations: { ...metadata.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': scheduled },
      ownerReferences: [controllerReference(refs.cronJobs, cronJob)],
    },
    spec: spec ?? { template: {} },
  };
}

/** Throws a CronError or, for a zone that does not exist, a RangeError. */
export function calendarOf({ spec }: CronJob): Calendar {
  const schedule = parseCron(spec.schedule);
  return createCalendar(schedule, schedule.zone ?? spec.timeZone);
}

function zoneError(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return undefined;
  } catch {
    return `unknown time zone ${zone}`;
  }
}

function unsupported(schedule: string): string {
  const url = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
  return `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see ${url} for more details`;
}

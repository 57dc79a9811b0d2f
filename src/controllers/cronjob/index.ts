/** CronJobs: pkg/controller/cronjob/cronjob_controllerv2.go. */
import { CronError } from '../../api/cron.ts';
import type { CronJob, Job } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { joinKey, keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { byController, controllerIndexer, controllerOf } from '../shared/owners.ts';
import { calendarOf, CronRound } from './round.ts';
import { untilNextRun } from './schedule.ts';

export const cronJobController: Controller = {
  name: 'cronjob-controller',
  watches: ['cronjobs', 'jobs'],
  start,
};

function start(context: ControllerContext): Running {
  const { client, clock, logger, queues, informers } = context;
  const cronJobs = informers.of(refs.cronJobs);
  const jobs = informers.of(refs.jobs);
  jobs.addIndexer(byController, controllerIndexer);
  const recorder = context.recorder('cronjob-controller');
  const loop = startReconciler({
    name: 'cronjob-controller',
    clock,
    logger,
    queues,
    ready: Promise.all([cronJobs.synced, jobs.synced]),
    reconcile: async (key) => {
      const cronJob = cronJobs.store.get(key);
      if (cronJob === undefined) return undefined;
      const own = [...jobs.store.byIndex(byController, cronJob.metadata.uid)];
      return new CronRound({ client, clock, recorder, cronJob, jobs: own }).run();
    },
  });
  loop.watch(jobs, (job) => ownerOf(job));
  const handler = cronJobs.handle({
    add: (cronJob) => loop.enqueue(keyOf(cronJob)),
    update: (old, cronJob) => {
      const same = old.spec.schedule === cronJob.spec.schedule && old.spec.timeZone === cronJob.spec.timeZone;
      if (same) loop.enqueue(keyOf(cronJob));
      else awaitNewSchedule(cronJob);
    },
  });

  /** A changed schedule does not start what would have been due under it already. */
  function awaitNewSchedule(cronJob: CronJob): void {
    try {
      const wait = untilNextRun(cronJob, clock.now(), calendarOf(cronJob));
      if (wait !== undefined) loop.enqueueAfter(keyOf(cronJob), wait);
    } catch (error) {
      if (!(error instanceof CronError) && !(error instanceof RangeError)) throw error;
      const message = `unparseable schedule for cronjob: ${cronJob.spec.schedule}`;
      recorder.event(referenceTo(refs.cronJobs, cronJob), 'Warning', 'UnParseableCronJobSchedule', message);
    }
  }

  return running(async () => {
    await handler.stop();
    await loop.stop();
  });
}

function ownerOf(job: Job): readonly string[] {
  const owner = controllerOf(job);
  return owner?.kind === 'CronJob' ? [joinKey(job.metadata.namespace ?? '', owner.name)] : [];
}

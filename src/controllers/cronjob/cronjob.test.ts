import { describe, expect, test } from '@jest/globals';
import type { CronJob, Job } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { cronJobController } from './index.ts';

/** 2026-01-01, a Thursday, at midnight UTC. */
const start = Date.UTC(2026, 0, 1);

const cron = (spec: object = {}, status: object = {}): object => ({
  metadata: { name: 'tick', namespace: 'shop', uid: 'cron', generation: 1, creationTimestamp: rfc3339(start) },
  spec: {
    schedule: '*/5 * * * *',
    concurrencyPolicy: 'Allow',
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    timeZone: 'UTC',
    jobTemplate: { metadata: { labels: { app: 'tick' }, annotations: { a: 'b' } }, spec: { template: {} } },
    ...spec,
  },
  status,
});
const startCron = (spec: object = {}, status: object = {}): Promise<Bench> =>
  startBench([cronJobController], { seed: (client) => void client.seed(refs.cronJobs, cron(spec, status)) });
const current = (bench: Bench): CronJob => bench.client.peek(refs.cronJobs, 'shop/tick') as CronJob;
const jobs = (bench: Bench): Job[] => bench.client.all(refs.jobs);
const events = (bench: Bench): string[] => bench.client.all(refs.events).map((event) => `${event.reason ?? ''}: ${event.message ?? ''}`);
const minutes = async (bench: Bench, count: number): Promise<void> => {
  await bench.clock.advance(count * 60_000 + 200);
  await bench.settle();
};
const finish = async (bench: Bench, job: Job | undefined, type: 'Complete' | 'Failed' = 'Complete'): Promise<void> => {
  if (job === undefined) throw new Error('no Job');
  const time = rfc3339(bench.clock.now());
  const conditions = [{ type, status: 'True', lastTransitionTime: time }];
  const status = { startTime: time, conditions, ...(type === 'Complete' ? { completionTime: time } : {}) };
  await bench.client.resource(refs.jobs).updateStatus({ ...(bench.client.peek(refs.jobs, `shop/${job.metadata.name}`) as Job), status });
  await bench.settle();
};
const patch = async (bench: Bench, spec: object): Promise<void> => {
  await bench.client.resource(refs.cronJobs).patch('shop', 'tick', { type: 'application/merge-patch+json', body: { spec } });
  await bench.settle();
};

describe('cronjob', () => {
  test('starts a Job named by its scheduled minute and follows it', async () => {
    await using bench = await startCron({ timeZone: 'Asia/Kolkata', schedule: '*/30 * * * *' });
    expect(jobs(bench)).toHaveLength(0);
    await minutes(bench, 30);
    const [job] = jobs(bench);
    const name = `tick-${String((start + 1_800_000) / 60_000)}`;
    expect(job?.metadata).toMatchObject({
      name,
      labels: { app: 'tick' },
      annotations: { a: 'b', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T06:00:00+05:30' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: 'cron', controller: true, blockOwnerDeletion: true }],
    });
    expect(current(bench).status).toMatchObject({
      active: [{ kind: 'Job', apiVersion: 'batch/v1', namespace: 'shop', name, uid: job?.metadata.uid }],
      lastScheduleTime: '2026-01-01T00:30:00Z',
    });
    await finish(bench, job);
    expect(current(bench).status).toEqual({ lastScheduleTime: '2026-01-01T00:30:00Z', lastSuccessfulTime: '2026-01-01T00:30:00Z' });
    expect(events(bench)).toEqual([
      `SuccessfulCreate: Created job ${name}`,
      `SawCompletedJob: Saw completed job: ${name}, condition: Complete`,
    ]);
  });

  test('Allow lets runs overlap; Forbid skips; Replace replaces', async () => {
    await using allow = await startCron();
    await minutes(allow, 5);
    await minutes(allow, 5);
    expect(current(allow).status.active).toHaveLength(2);

    await using forbid = await startCron({ concurrencyPolicy: 'Forbid' });
    await minutes(forbid, 5);
    await minutes(forbid, 5);
    expect(jobs(forbid)).toHaveLength(1);
    const skipped = 'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid';
    expect(events(forbid)).toContain(skipped);
    await finish(forbid, jobs(forbid)[0]);
    // The run that was due while the first was active is made up for.
    expect(jobs(forbid)).toHaveLength(2);

    await using replace = await startCron({ concurrencyPolicy: 'Replace' });
    await minutes(replace, 5);
    const [first] = jobs(replace);
    await minutes(replace, 5);
    expect(jobs(replace)).toHaveLength(1);
    expect(jobs(replace)[0]?.metadata.name).not.toBe(first?.metadata.name);
    expect(current(replace).status.active?.map(({ name }) => name)).toEqual([jobs(replace)[0]?.metadata.name]);
    expect(events(replace)).toContain(`SuccessfulDelete: Deleted job ${first?.metadata.name ?? ''}`);
  });

  test('suspended: nothing starts; resumed: only the last missed run', async () => {
    await using bench = await startCron({ suspend: true });
    await minutes(bench, 62);
    expect(jobs(bench)).toHaveLength(0);
    await patch(bench, { suspend: false });
    expect(jobs(bench)).toHaveLength(1);
    expect(current(bench).status.lastScheduleTime).toBe('2026-01-01T01:00:00Z');
  });

  test('startingDeadlineSeconds gives a late run up', async () => {
    await using bench = await startCron({ suspend: true, startingDeadlineSeconds: 60 });
    await minutes(bench, 62);
    await patch(bench, { suspend: false });
    expect(jobs(bench)).toHaveLength(0);
    await minutes(bench, 3);
    expect(jobs(bench)).toHaveLength(1);
  });

  test('more than a hundred missed runs are told, and the last one is started', async () => {
    await using bench = await startCron({ schedule: '* * * * *', suspend: true });
    await minutes(bench, 200);
    await patch(bench, { suspend: false });
    expect(jobs(bench)).toHaveLength(1);
    expect(events(bench)[0]).toBe(
      'TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    );
  });

  test('history limits keep the newest of each outcome', async () => {
    await using bench = await startCron({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 0 });
    for (const outcome of ['Complete', 'Failed', 'Complete', 'Complete'] as const) {
      await minutes(bench, 5);
      await finish(bench, jobs(bench).at(-1), outcome);
    }
    expect(jobs(bench).map((job) => job.status.completionTime)).toEqual(['2026-01-01T00:15:00Z', '2026-01-01T00:20:00Z']);
  });

  test('a Job that vanished is no longer active', async () => {
    await using bench = await startCron();
    await minutes(bench, 5);
    const [job] = jobs(bench);
    bench.client.remove(refs.jobs as never, `shop/${job?.metadata.name ?? ''}`);
    await bench.settle();
    expect(current(bench).status.active).toBeUndefined();
    expect(events(bench)).toContain(`MissingJob: Active job went missing: ${job?.metadata.name ?? ''}`);
    expect(jobs(bench)).toHaveLength(0);
  });

  test('a controller that died after creating the Job takes it up again', async () => {
    const name = `tick-${String(start / 60_000 + 5)}`;
    await using bench = await startBench([cronJobController], {
      seed: (client) => {
        client.seed(refs.cronJobs, cron({}, {}));
        const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: 'cron', controller: true }];
        client.seed(refs.jobs, { metadata: { name, namespace: 'shop', uid: 'j', ownerReferences }, spec: { template: {} }, status: {} });
      },
    });
    await minutes(bench, 5);
    expect(jobs(bench)).toHaveLength(1);
    expect(current(bench).status).toMatchObject({ active: [{ name, uid: 'j' }], lastScheduleTime: '2026-01-01T00:05:00Z' });
  });

  test('schedules that make no sense are told', async () => {
    await using never = await startCron({ schedule: '0 0 31 2 *' });
    expect(events(never)).toEqual([
      'InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second',
    ]);
    await using unreadable = await startCron({ schedule: 'x' });
    expect(events(unreadable)).toEqual(['UnparseableSchedule: unparseable schedule: "x" : expected exactly 5 fields, found 1: [x]']);
    await using nowhere = await startCron({ timeZone: 'Mars/Base' });
    expect(events(nowhere)).toEqual(['UnknownTimeZone: invalid timeZone: "Mars/Base": unknown time zone Mars/Base']);
  });

  test('@every counts from the last run', async () => {
    await using bench = await startCron({ schedule: '@every 7m' });
    await minutes(bench, 7);
    expect(current(bench).status.lastScheduleTime).toBe('2026-01-01T00:07:00Z');
    await minutes(bench, 7);
    expect(current(bench).status.lastScheduleTime).toBe('2026-01-01T00:14:00Z');
  });

  test('a new schedule waits for its own next time', async () => {
    await using bench = await startCron({ schedule: '0 0 * * *' });
    await minutes(bench, 20);
    await patch(bench, { schedule: '*/15 * * * *' });
    expect(jobs(bench)).toHaveLength(0);
    await minutes(bench, 10);
    expect(current(bench).status.lastScheduleTime).toBe('2026-01-01T00:30:00Z');
  });
});

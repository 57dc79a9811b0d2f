import type { KubeObject } from '../../../../src/api/object.ts';
import type { Scenario, ScenarioStep } from '../scenario.ts';
import { change, end, scenario, step, wait } from '../scenario.ts';

const template = { metadata: { labels: { app: 'x' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
const create = (spec: object = {}): ScenarioStep =>
  step('create', (world) =>
    world.create({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'cj' },
      spec: { schedule: '* * * * *', jobTemplate: { metadata: { labels: { l: '1' } }, spec: { template } }, ...spec },
    }),
  );
const removeJobs = step(
  'Jobs deleted',
  async (world) => {
    for (const job of await world.list<KubeObject>('Job'))
      await world.remove('Job', job.metadata.name, { propagationPolicy: 'Background' });
  },
  5000,
);

/** Scenarios of minutes; they begin in the first seconds of one. */
export const cronJobScenarios: readonly Scenario[] = [
  scenario('cronjob in a time zone', create({ timeZone: 'Asia/Tokyo' }), wait('the minute', 62_000), step('succeeds', end(0))),
  scenario(
    'cronjob suspended',
    create({ suspend: true }),
    wait('the minute', 62_000),
    step('resume', change('CronJob', 'cj', { spec: { suspend: false } })),
    step('succeeds', end(0)),
  ),
  scenario('cronjob forbid', create({ concurrencyPolicy: 'Forbid' }), wait('two minutes', 122_000), step('succeeds', end(0))),
  scenario('cronjob replace', create({ concurrencyPolicy: 'Replace' }), wait('two minutes', 122_000), step('succeeds', end(0))),
  scenario('cronjob without a time', create({ schedule: '0 0 31 2 *' })),
  scenario(
    'cronjob history',
    create({ failedJobsHistoryLimit: 0, jobTemplate: { spec: { backoffLimit: 0, template } } }),
    wait('the minute', 62_000),
    step('fails', end(1), 5000),
  ),
  scenario('cronjob without its Job', create(), wait('the minute', 62_000), removeJobs),
];

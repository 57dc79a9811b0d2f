import type { CronJob } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, containerColumns, integer, name, selectorColumn, since, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { jobSpecWarnings, podNameWarnings, specChanged } from '../../shared/pod/workload-warnings.ts';
import { path } from '../../../api/field-errors.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { specAndStatus, together } from '../../shared/strategy.ts';
import { defaultJobParts } from '../jobs/defaults.ts';
import { validateCronJob, validateCronJobUpdate } from './validation.ts';

export const cronjobs = define<CronJob>({
  ...fromFacts('batch', 'v1', 'cronjobs'),
  strategy: {
    namesOnCreateOnly: true,
    ...together<CronJob>(
      withoutDisabledInTemplate(({ spec }) => spec.jobTemplate.spec?.template),
      specAndStatus(),
    ),
    default({ spec }) {
      defaultJobParts(spec.jobTemplate.spec ?? { template: {} });
      spec.concurrencyPolicy ||= 'Allow';
      spec.suspend ??= false;
      spec.successfulJobsHistoryLimit ??= 3;
      spec.failedJobsHistoryLimit ??= 1;
    },
    validate: validateCronJob,
    validateUpdate: validateCronJobUpdate,
    warnings: cronJobWarnings,
  },
  columns: [
    name,
    text('Schedule', ({ spec }) => spec.schedule),
    text('Timezone', ({ spec }) => spec.timeZone ?? '<none>'),
    { ...text<CronJob>('Suspend', ({ spec }) => (spec.suspend === true ? 'True' : 'False')), type: 'boolean' },
    integer('Active', ({ status }) => status.active?.length),
    text('Last Schedule', ({ status }, now) => (status.lastScheduleTime === undefined ? '<none>' : since(status.lastScheduleTime, now))),
    age,
    ...containerColumns<CronJob>(({ spec }) => spec.jobTemplate.spec?.template.spec?.containers),
    selectorColumn<CronJob>(({ spec }) => spec.jobTemplate.spec?.selector),
  ],
});

function cronJobWarnings(job: CronJob, old: CronJob | undefined): string[] {
  const inner = job.spec.jobTemplate.spec;
  return [
    ...(old === undefined ? podNameWarnings(job) : []),
    ...(inner !== undefined && specChanged(job, old) ? jobSpecWarnings(inner, path('spec', 'jobTemplate', 'spec')) : []),
    ...(old !== undefined && job.spec.schedule.includes('TZ') ? [zoneInSchedule] : []),
  ];
}

const zoneInSchedule =
  'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ' +
  'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';

/** validateCronJobSpec of pkg/apis/batch/validation. */
import type { CronJob, JobSpec } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { inGoOrder } from '../../../api/internal-form.ts';
import { nonNegative, oneOf } from '../../shared/checks.ts';
import { jobSpecErrors } from '../jobs/validate-spec.ts';
import { scheduleFault } from './schedule.ts';

const at = path('spec');
/** A Job's name gets `-` and ten digits. */
const maxName = 52;

export function validateCronJob(job: CronJob): FieldError[] {
  const faults = specErrors(job);
  const { name = '' } = job.metadata as Partial<CronJob['metadata']>;
  return name.length > maxName
    ? [...faults, invalid(path('metadata', 'name'), name, `must be no more than ${String(maxName)} characters`)]
    : faults;
}

export function validateCronJobUpdate(job: CronJob): FieldError[] {
  return specErrors(job);
}

function specErrors({ spec }: CronJob): FieldError[] {
  const { schedule, timeZone, jobTemplate } = spec;
  const field = at.child('schedule');
  const faults: FieldError[] = [];
  if (schedule === '') faults.push(required(field));
  else {
    const wrong = scheduleFault(schedule);
    if (wrong !== undefined) faults.push(invalid(field, schedule, wrong));
    if (schedule.includes('TZ')) faults.push(invalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  }
  faults.push(...nonNegative(at.child('startingDeadlineSeconds'), spec.startingDeadlineSeconds), ...timeZoneErrors(timeZone));
  faults.push(...oneOf(at.child('concurrencyPolicy'), spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']));
  if (jobTemplate.spec !== undefined) {
    const own = at.child('jobTemplate', 'spec');
    faults.push(...jobSpecErrors(jobTemplate.spec, own), ...generatedSelectorErrors(jobTemplate.spec, own));
  }
  faults.push(...nonNegative(at.child('successfulJobsHistoryLimit'), spec.successfulJobsHistoryLimit));
  return [...faults, ...nonNegative(at.child('failedJobsHistoryLimit'), spec.failedJobsHistoryLimit)];
}

/** The Jobs' selectors are made for them (ValidateJobTemplateSpec). */
function generatedSelectorErrors({ selector, manualSelector }: JobSpec, field: Path): FieldError[] {
  return [
    ...(selector === undefined ? [] : [invalid(field.child('selector'), inGoOrder(selector), '`selector` will be auto-generated')]),
    ...(manualSelector === true ? [notSupported(field.child('manualSelector'), true, ['nil', 'false'])] : []),
  ];
}

function timeZoneErrors(zone: string | undefined): FieldError[] {
  if (zone === undefined) return [];
  const field = at.child('timeZone');
  if (zone === '') return [invalid(field, zone, 'timeZone must be nil or non-empty string')];
  const explicit = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
  const faults = zone.toLowerCase() === 'local' ? [invalid(field, zone, explicit)] : [];
  const fault = locationFault(zone);
  return fault === undefined ? faults : [...faults, invalid(field, zone, fault)];
}

/** What Go's time.LoadLocation says. Its names are those of files: unlike Intl's they come in one case, and offsets are none. */
function locationFault(zone: string): string | undefined {
  if (zone === 'Local') return undefined;
  const same = Intl.supportedValuesOf('timeZone').find((known) => known.toLowerCase() === zone.toLowerCase());
  const isName = same === undefined ? zone.split('/').every((part) => /^[A-Z]/.test(part)) : same === zone;
  return isName && isZone(zone) ? undefined : `unknown time zone ${zone}`;
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

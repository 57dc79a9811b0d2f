import type { JobSpec } from '../../../api/generated/types.ts';
import { defaultTemplate } from '../../shared/pod/defaults.ts';

/** SetDefaults_Job (pkg/apis/batch/v1/defaults.go); also for the spec inside a CronJob, which gets only its template's defaults. */
export function defaultJobSpec(spec: JobSpec): void {
  defaultJobParts(spec);
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  spec.manualSelector ??= false;
}

export function defaultJobParts(spec: JobSpec): void {
  defaultTemplate(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? []) for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
}

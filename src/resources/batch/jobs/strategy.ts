/** pkg/registry/batch/job/strategy.go. */
import type { Job } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import type { Strategy } from '../../../registry/definition.ts';
import { jobSpecWarnings, podNameWarnings, specChanged } from '../../shared/pod/workload-warnings.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { specAndStatus, together } from '../../shared/strategy.ts';
import { jobStatusErrors } from './validate-status.ts';
import { validateJob, validateJobUpdate } from './validation.ts';

export const jobStrategy: Strategy<Job> = {
  ...together<Job>(
    { prepareForCreate: prepareLabels },
    withoutDisabledInTemplate(({ spec }) => spec.template),
    specAndStatus(),
  ),
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: jobStatusErrors,
  warnings: (job, old) => [
    ...(old === undefined ? podNameWarnings(job) : []),
    ...(specChanged(job, old) ? jobSpecWarnings(job.spec, path('spec')) : []),
  ],
};

/** Upstream defaults what it reads back too, so that the generated labels of the template end up on the Job. */
function prepareLabels(job: Job): void {
  generateSelector(job);
  const labels = job.spec.template.metadata?.labels;
  if (labels !== undefined && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
}

/** Unless the client selects by hand, a Job selects its pods by its own uid. */
function generateSelector({ metadata, spec }: Job): void {
  if (spec.manualSelector === true) return;
  const template = (spec.template.metadata ??= {});
  const { uid, name = '' } = metadata as Partial<Job['metadata']> & { uid: string };
  template.labels = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
    ...template.labels,
  };
  const selector = (spec.selector ??= {});
  selector.matchLabels = { 'batch.kubernetes.io/controller-uid': uid, ...selector.matchLabels };
}

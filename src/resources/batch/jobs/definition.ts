import { humanDuration } from '../../../api/duration.ts';
import type { Job } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, containerColumns, name, selectorColumn, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { defaultJobSpec } from './defaults.ts';
import { jobStrategy } from './strategy.ts';

export const jobs = define<Job>({
  ...fromFacts('batch', 'v1', 'jobs'),
  strategy: {
    ...jobStrategy,
    default({ metadata, spec }) {
      defaultJobSpec(spec);
      const labels = spec.template.metadata?.labels;
      if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    },
    defaultPropagation: 'orphan',
    allowCreateOnUpdate: false,
  },
  selectableFields: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
  columns: [
    name,
    text('Status', jobState),
    text('Completions', completions),
    text('Duration', duration),
    age,
    ...containerColumns<Job>(({ spec }) => spec.template.spec?.containers),
    selectorColumn<Job>(({ spec }) => spec.selector),
  ],
});

function jobState({ metadata, status }: Job): string {
  const holds = (type: string): boolean => status.conditions?.find((condition) => condition.type === type)?.status === 'True';
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running';
}

function completions({ spec, status }: Job): string {
  const succeeded = String(status.succeeded ?? 0);
  if (spec.completions !== undefined) return `${succeeded}/${String(spec.completions)}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${String(parallelism)}` : `${succeeded}/1`;
}

function duration({ status }: Job, now: number): string {
  if (status.startTime === undefined) return '';
  const end = status.completionTime === undefined ? now : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

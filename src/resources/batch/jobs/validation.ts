/** pkg/apis/batch/validation/validation.go. */
import type { Job, JobSpec } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { labelMatcher } from '../../../api/label-selector.ts';
import { semanticEqual } from '../../../api/json.ts';
import { immutable, nonNegative } from '../../shared/checks.ts';
import { validateTemplate } from '../../shared/pod/validate-template.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';

const at = path('spec');
const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;
const maxIndexedParallelism = 100_000;

export function validateJob(job: Job): FieldError[] {
  const { spec } = job;
  const faults = [...generatedSelectorErrors(job), ...jobSpecErrors(spec, at)];
  if (spec.selector === undefined) faults.push(required(at.child('selector')));
  else faults.push(...labelSelectorErrors(spec.selector, at.child('selector')));
  const labels = spec.template.metadata?.labels;
  if (!labelMatcher(spec.selector)(labels))
    faults.push(invalid(at.child('template', 'metadata', 'labels'), labels ?? {}, '`selector` does not match template `labels`'));
  return faults;
}

export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job;
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  return [
    ...validateJob(job),
    ...(elastic ? [] : immutable(at.child('completions'), spec.completions, old.spec.completions)),
    ...immutable(at.child('selector'), spec.selector, old.spec.selector),
    ...templateUpdateErrors(spec, old),
    ...(['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const).flatMap((field) =>
      immutable(at.child(field), spec[field], old.spec[field]),
    ),
  ];
}

/** While it is suspended and has not begun, a Job may still be told where its pods go. */
function templateUpdateErrors(spec: JobSpec, old: Job): FieldError[] {
  const waiting =
    old.spec.suspend === true &&
    (old.status.startTime === undefined ||
      old.status.conditions?.some((one) => one.type === 'Suspended' && one.status === 'True') === true);
  const now = waiting ? withoutDirectives(spec) : spec.template;
  const before = waiting ? withoutDirectives(old.spec) : old.spec.template;
  return semanticEqual(now, before) ? [] : [invalid(at.child('template'), spec.template, 'field is immutable')];
}

function withoutDirectives({ template }: JobSpec): unknown {
  const { labels, annotations, ...metadata } = template.metadata ?? {};
  const {
    nodeSelector,
    tolerations,
    schedulingGates,
    affinity,
    containers = [],
    initContainers = [],
    ...rest
  } = template.spec ?? { containers: [] };
  void [labels, annotations, nodeSelector, tolerations, schedulingGates];
  const without = (list: typeof containers): unknown => list.map((container) => ({ ...container, resources: undefined }));
  return {
    metadata,
    spec: {
      ...rest,
      affinity: { ...affinity, nodeAffinity: undefined },
      containers: without(containers),
      initContainers: without(initContainers),
    },
  };
}

export function jobSpecErrors(spec: JobSpec, field: Path): FieldError[] {
  const faults = counts.flatMap((name) => nonNegative(field.child(name), spec[name]));
  faults.push(...completionErrors(spec, field));
  const replacements = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  const { podReplacementPolicy } = spec;
  if (podReplacementPolicy !== undefined && !replacements.includes(podReplacementPolicy)) {
    faults.push(notSupported(field.child('podReplacementPolicy'), podReplacementPolicy, replacements));
  }
  faults.push(...validateTemplate(spec.template, field.child('template')));
  const own = field.child('template', 'spec', 'restartPolicy');
  const restartPolicy = spec.template.spec?.restartPolicy ?? '';
  if (restartPolicy === 'Always' || restartPolicy === '') faults.push(required(own, 'valid values: "OnFailure", "Never"'));
  else if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never')
    faults.push(notSupported(own, restartPolicy, ['OnFailure', 'Never']));
  else if (spec.podFailurePolicy !== undefined && restartPolicy !== 'Never') {
    faults.push(invalid(own, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
  return faults;
}

function completionErrors(spec: JobSpec, field: Path): FieldError[] {
  const { completionMode, completions, parallelism, maxFailedIndexes, backoffLimitPerIndex, successPolicy } = spec;
  const faults: FieldError[] = [];
  if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined)
    faults.push(required(field.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  if (completionMode !== undefined && completionMode !== 'NonIndexed' && completionMode !== 'Indexed') {
    faults.push(notSupported(field.child('completionMode'), completionMode, ['NonIndexed', 'Indexed']));
  }
  if (completionMode === 'Indexed') {
    if (completions === undefined) faults.push(required(field.child('completions'), 'when completion mode is Indexed'));
    if (parallelism !== undefined && parallelism > maxIndexedParallelism) {
      faults.push(
        invalid(
          field.child('parallelism'),
          parallelism,
          `must be less than or equal to ${String(maxIndexedParallelism)} when completion mode is Indexed`,
        ),
      );
    }
    if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
      faults.push(invalid(field.child('maxFailedIndexes'), maxFailedIndexes, 'must be less than or equal to completions'));
    }
    return faults;
  }
  const why = 'requires indexed completion mode';
  if (backoffLimitPerIndex !== undefined) faults.push(invalid(field.child('backoffLimitPerIndex'), backoffLimitPerIndex, why));
  if (maxFailedIndexes !== undefined) faults.push(invalid(field.child('maxFailedIndexes'), maxFailedIndexes, why));
  if (successPolicy !== undefined) faults.push(invalid(field.child('successPolicy'), successPolicy, why));
  return faults;
}

/** ValidateGeneratedSelector: labels that the server writes must be what it would write. */
function generatedSelectorErrors({ metadata, spec }: Job): FieldError[] {
  if (spec.manualSelector === true || spec.selector === undefined) return [];
  const wanted = {
    'controller-uid': metadata.uid,
    'batch.kubernetes.io/controller-uid': metadata.uid,
    'job-name': metadata.name,
    'batch.kubernetes.io/job-name': metadata.name,
  };
  const own = at.child('template', 'metadata', 'labels');
  const labels = spec.template.metadata?.labels ?? {};
  return Object.entries(wanted).flatMap(([key, value]) => {
    if (labels[key] === undefined) return [required(own.key(key), `must be '${value}'`)];
    return labels[key] === value ? [] : [invalid(own, labels, `must be '${value}'`)];
  });
}

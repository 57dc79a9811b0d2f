/** pkg/apis/batch/validation/validation.go: a Job as a whole, and what may change in it. */
import type { Job, PodTemplateSpec } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { inGoOrder, internalForm } from '../../../api/internal-form.ts';
import { cloneJson, semanticEqual } from '../../../api/json.ts';
import { labelMatcher } from '../../../api/label-selector.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { immutable } from '../../shared/checks.ts';
import { unselected, unusableSelector } from '../../shared/pod/validate-template.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';
import { jobSpecErrors } from './validate-spec.ts';

const at = path('spec');

export function validateJob(job: Job): FieldError[] {
  const faults = [...generatedSelectorErrors(job), ...selectedSpecErrors(job)];
  const { completionMode, completions = 0 } = job.spec;
  if (completionMode !== 'Indexed' || completions <= 0) return faults;
  const longest = `${job.metadata.name ?? ''}-${String(completions - 1)}`;
  if (dns1123LabelFaults(longest).length === 0) return faults;
  const why = `will not able to create pod with invalid DNS label: ${longest}`;
  return [...faults, invalid(path('metadata', 'name'), job.metadata.name ?? '', why)];
}

/** ValidateJobSpec. */
function selectedSpecErrors({ spec }: Job): FieldError[] {
  const faults = jobSpecErrors(spec, at);
  const selector = spec.selector;
  if (selector === undefined) faults.push(required(at.child('selector')));
  else faults.push(...labelSelectorErrors(selector, at.child('selector')));
  const labels = spec.template.metadata?.labels;
  if (!unusableSelector(selector) && !labelMatcher(selector)(labels)) faults.push(unselected(spec.template, at.child('template')));
  return faults;
}

export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job;
  return [
    ...validateJob(job),
    ...completionsUpdateErrors(job, old),
    ...immutable(at.child('selector'), spec.selector, old.spec.selector),
    ...templateUpdateErrors(job, old),
    ...immutable(at.child('completionMode'), spec.completionMode, old.spec.completionMode),
    ...policyUpdateErrors(job, old, 'podFailurePolicy'),
    ...immutable(at.child('backoffLimitPerIndex'), spec.backoffLimitPerIndex, old.spec.backoffLimitPerIndex),
    ...immutable(at.child('managedBy'), spec.managedBy, old.spec.managedBy),
    ...policyUpdateErrors(job, old, 'successPolicy'),
  ];
}

function completionsUpdateErrors({ spec }: Job, old: Job): FieldError[] {
  const field = at.child('completions');
  const { completions } = spec;
  if (spec.completionMode !== 'Indexed') return immutable(field, completions, old.spec.completions);
  if (completions === undefined || completions === old.spec.completions || completions === spec.parallelism) return [];
  return [invalid(field, completions, 'can only be modified in tandem with spec.parallelism')];
}

function policyUpdateErrors({ spec }: Job, old: Job, field: 'podFailurePolicy' | 'successPolicy'): FieldError[] {
  const value = spec[field];
  if (semanticEqual(value, old.spec[field])) return [];
  const type = field === 'podFailurePolicy' ? 'batch.PodFailurePolicy' : 'batch.SuccessPolicy';
  return [invalid(at.child(field), value === undefined ? null : internalForm(type, value), 'field is immutable')];
}

/** While it is suspended and none of its pods runs, a Job may still be told where its pods go and what they need. */
function templateUpdateErrors({ spec }: Job, old: Job): FieldError[] {
  const { template } = spec;
  const suspended = old.spec.suspend === true;
  const shown = old.status.conditions?.some((one) => one.type === 'Suspended' && one.status === 'True') === true;
  const waiting = suspended && (old.status.startTime === undefined || shown) && (old.status.active ?? 0) === 0;
  const before = waiting ? withDirectivesOf(template, old.spec.template) : old.spec.template;
  if (waiting) {
    const now = template.spec ?? { containers: [] };
    if (semanticEqual(now, before.spec)) return [];
    return [invalid(at.child('template.spec'), internalForm('core.PodSpec', now), 'field is immutable')];
  }
  if (semanticEqual(template, before)) return [];
  return [invalid(at.child('template'), internalForm('core.PodTemplateSpec', template), 'field is immutable')];
}

/** The old template with everything that a waiting Job may change taken from the new one. */
function withDirectivesOf(now: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const before = cloneJson(old);
  const [spec, next] = [before.spec, now.spec];
  if (spec === undefined || next === undefined) return before;
  const affinity = { ...spec.affinity };
  if (next.affinity?.nodeAffinity === undefined) delete affinity.nodeAffinity;
  else affinity.nodeAffinity = next.affinity.nodeAffinity;
  if (Object.keys(affinity).length > 0 || next.affinity !== undefined) spec.affinity = affinity;
  else delete spec.affinity;
  for (const field of ['nodeSelector', 'tolerations', 'schedulingGates'] as const) {
    delete spec[field];
    if (next[field] !== undefined) Object.assign(spec, { [field]: next[field] });
  }
  for (const field of ['containers', 'initContainers'] as const) {
    if (spec[field]?.length !== next[field]?.length) continue;
    for (const [index, container] of (spec[field] ?? []).entries()) {
      const other = next[field]?.[index];
      if (other?.name !== container.name) continue;
      if (other.resources === undefined) delete container.resources;
      else container.resources = other.resources;
    }
  }
  return before;
}

/** validateGeneratedSelector: labels that the server writes must be what it would write. */
function generatedSelectorErrors({ metadata, spec }: Job): FieldError[] {
  if (spec.manualSelector === true || spec.selector === undefined) return [];
  const { uid, name = '' } = metadata as Partial<Job['metadata']>;
  const wanted = {
    'controller-uid': uid ?? '',
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid ?? '',
    'batch.kubernetes.io/job-name': name,
  };
  const own = at.child('template', 'metadata', 'labels');
  const labels = spec.template.metadata?.labels ?? {};
  const faults = Object.entries(wanted).flatMap(([key, value]) => {
    if (labels[key] === undefined) return [required(own.key(key), `must be '${value}'`)];
    return labels[key] === value ? [] : [invalid(own.key(key), inGoOrder(labels), `must be '${value}'`)];
  });
  if (!unusableSelector(spec.selector) && !labelMatcher(spec.selector)(wanted))
    faults.push(invalid(at.child('selector'), inGoOrder(spec.selector), '`selector` not auto-generated'));
  return faults;
}

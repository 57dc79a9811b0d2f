/** Templates of pods, alone and beside the selector of the workload that has them. */
import type { LabelSelector, PodTemplateSpec } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { inGoOrder } from '../../../api/internal-form.ts';
import { asGiven } from '../../../api/schema/said-empty.ts';
import { labelMatcher } from '../../../api/label-selector.ts';
import { labelsErrors } from '../names.ts';
import { labelSelectorErrors } from '../selector-validation.ts';
import { annotationErrors } from './validate-annotations.ts';
import { validatePodSpec } from './validate-spec.ts';

const nowhere = path();

/** ValidatePodTemplateSpec. */
export function validateTemplate(template: PodTemplateSpec | undefined, at: Path): FieldError[] {
  const { metadata, spec } = template ?? {};
  return [
    ...labelsErrors(at.child('labels'), metadata?.labels),
    ...annotationErrors(at.child('annotations'), metadata?.annotations),
    ...validatePodSpec(spec ?? { containers: [] }, at.child('spec')),
    ...((spec?.ephemeralContainers ?? []).length > 0
      ? [forbiddenField(at.child('spec', 'ephemeralContainers'), 'ephemeral containers not allowed in pod template')]
      : []),
  ];
}

/** Whether upstream could make no selector of it (LabelSelectorAsSelector). */
export function unusableSelector(selector: LabelSelector | undefined): boolean {
  return labelSelectorErrors(selector, nowhere).length > 0;
}

/** A workload's selector: there, well-formed and not one that selects everything. */
export function workloadSelectorErrors(selector: LabelSelector | undefined, at: Path, kind: string): FieldError[] {
  if (selector === undefined) return [required(at)];
  const faults = labelSelectorErrors(selector, at);
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    faults.push(invalid(at, selector, `empty selector is invalid for ${kind}`));
  }
  return faults;
}

/** The template's labels must be among those that the selector selects. */
export function templateLabelErrors(template: PodTemplateSpec | undefined, selector: LabelSelector | undefined, at: Path): FieldError[] {
  const labels = template?.metadata?.labels;
  const everything =
    selector !== undefined && Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
  if (everything || labelMatcher(selector)(labels)) return [];
  return [unselected(template, at)];
}

/** The fault of a template at `at` whose labels are not selected. */
export function unselected(template: PodTemplateSpec | undefined, at: Path): FieldError {
  const labels = inGoOrder(asGiven(template?.metadata, 'labels')) ?? null;
  return invalid(at.child('metadata', 'labels'), labels, '`selector` does not match template `labels`');
}

/** Pods of these workloads run for ever. */
export function alwaysRestartErrors(template: PodTemplateSpec | undefined, at: Path, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  return [
    ...(restartPolicy === 'Always' ? [] : [notSupported(at.child('spec', 'restartPolicy'), restartPolicy, ['Always'])]),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [forbiddenField(at.child('spec', 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kind} is not Supported`)]),
  ];
}

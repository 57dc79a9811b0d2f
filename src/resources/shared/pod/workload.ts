/** Checks that ReplicaSets and Deployments share (ValidatePodTemplateSpecForReplicaSet). */
import type { LabelSelector, PodTemplateSpec } from '../../../api/generated/types.ts';
import type { FieldError, Path } from '../../../api/field-errors.ts';
import { alwaysRestartErrors, templateLabelErrors, validateTemplate, workloadSelectorErrors } from './validate-template.ts';

export interface Workload {
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
}

/** `kind` is the word in upstream's texts. */
export function workloadErrors({ selector, template }: Workload, at: Path, kind: string): FieldError[] {
  const own = at.child('template');
  return [
    ...workloadSelectorErrors(selector, at.child('selector'), kind === 'ReplicaSet' ? 'deployment' : kind.toLowerCase()),
    ...templateLabelErrors(template, selector, own),
    ...validateTemplate(template, own),
    ...alwaysRestartErrors(template, own, kind),
  ];
}

/** Checks that Deployments, ReplicaSets and StatefulSets share (ValidatePodTemplateSpecForReplicaSet and its like). */
import type { LabelSelector, PodTemplateSpec } from '../../../api/generated/types.ts';
import { invalid, type FieldError, type Path } from '../../../api/field-errors.ts';
import { inGoOrder } from '../../../api/internal-form.ts';
import {
  alwaysRestartErrors,
  templateLabelErrors,
  unusableSelector,
  validateTemplate,
  workloadSelectorErrors,
} from './validate-template.ts';

export interface Workload {
  readonly selector?: LabelSelector | undefined;
  readonly template?: PodTemplateSpec;
}

interface Texts {
  /** The word in upstream's texts about pods that end. */
  readonly kind: string;
  /** What is said about a selector that is none. */
  readonly unusable: string;
  /** Restarting is looked at even when nothing can be selected. */
  readonly restartAlways: boolean;
}

const ofReplicaSet: Texts = { kind: 'ReplicaSet', unusable: 'invalid label selector', restartAlways: false };
const ofStatefulSet: Texts = { kind: 'StatefulSet', unusable: '', restartAlways: true };

export function workloadErrors({ selector, template }: Workload, at: Path, kind: 'ReplicaSet' | 'StatefulSet'): FieldError[] {
  const own = at.child('template');
  const texts = kind === 'ReplicaSet' ? ofReplicaSet : ofStatefulSet;
  const given = selector ?? undefined;
  const faults = workloadSelectorErrors(given, at.child('selector'), kind === 'ReplicaSet' ? 'deployment' : 'statefulset');
  const restart = alwaysRestartErrors(template, own, texts.kind);
  if (unusableSelector(given)) {
    return [...faults, invalid(at.child('selector'), inGoOrder(given), texts.unusable), ...(texts.restartAlways ? restart : [])];
  }
  return [...faults, ...templateLabelErrors(template, given, own), ...validateTemplate(template, own), ...restart];
}

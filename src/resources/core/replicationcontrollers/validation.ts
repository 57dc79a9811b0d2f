import type { ReplicationController } from '../../../api/generated/types.ts';
import { path, required, type FieldError } from '../../../api/field-errors.ts';
import { mapMatcher } from '../../../api/label-selector.ts';
import { nonNegative } from '../../shared/checks.ts';
import { alwaysRestartErrors, unselected, validateTemplate } from '../../shared/pod/validate-template.ts';

const at = path('spec');

/** ValidateReplicationControllerSpec of pkg/apis/core/validation. */
export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const { selector = {}, template } = spec;
  const own = at.child('template');
  const empty = Object.keys(selector).length === 0;
  return [
    ...nonNegative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...(empty ? [required(at.child('selector'))] : []),
    ...nonNegative(at.child('replicas'), spec.replicas),
    ...(template === undefined ? [required(own)] : []),
    ...(template !== undefined && !empty && !mapMatcher(selector)(template.metadata?.labels) ? [unselected(template, own)] : []),
    ...(template === undefined ? [] : [...validateTemplate(template, own), ...alwaysRestartErrors(template, own, 'ReplicationController')]),
  ];
}

export function validateReplicationControllerUpdate(controller: ReplicationController): FieldError[] {
  return validateReplicationController(controller);
}

/** pkg/apis/core/validation/events.go, as far as it concerns events in their old form. */
import type { CoreV1Event } from '../../../api/generated/types.ts';
import { invalid, path, required, tooLong, type FieldError } from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';

const limits = { note: 1024, reason: 128, instance: 128, action: 128 };

export function validateEvent(event: CoreV1Event): FieldError[] {
  const { involvedObject, metadata } = event;
  const at = path('involvedObject', 'namespace');
  const involved = involvedObject.namespace ?? '';
  const own = metadata.namespace ?? '';
  if (involved === '' ? own !== 'default' && own !== 'kube-system' : own !== involved)
    return [invalid(at, involvedObject.namespace ?? '', 'does not match event.namespace')];
  return (event.eventTime ?? '') === '' ? [] : newStyleErrors(event);
}

/** What the events API of events.k8s.io asks for is asked of every event with an eventTime. */
export function newStyleErrors({
  reportingComponent = '',
  reportingInstance = '',
  action = '',
  reason = '',
  message = '',
}: CoreV1Event): FieldError[] {
  const text = (field: string, value: string, limit: number): FieldError[] =>
    value === ''
      ? [required(path(field))]
      : value.length > limit
        ? [invalid(path(field), '', `can have at most ${String(limit)} characters`)]
        : [];
  return [
    ...(reportingComponent === ''
      ? [required(path('reportingController'))]
      : checked(path('reportingController'), reportingComponent, qualifiedNameFaults)),
    ...text('reportingInstance', reportingInstance, limits.instance),
    ...text('action', action, limits.action),
    ...text('reason', reason, limits.reason),
    ...(message.length > limits.note ? [tooLong(path('message'), limits.note)] : []),
  ];
}

/** pkg/apis/core/validation/events.go. Events in the old form are hardly checked; those of events.k8s.io never change. */
import type { CoreV1Event } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123SubdomainFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';

const limits = { note: 1024, reason: 128, instance: 128, action: 128 };
const dated = (time: string | null | undefined): boolean => (time ?? '') !== '';

/** `controllerField` is the reporting controller's name in the version that was asked for. */
export function validateEvent(event: CoreV1Event, controllerField = 'reportingComponent'): FieldError[] {
  const namespace = event.metadata.namespace ?? '';
  const involved = event.involvedObject.namespace ?? '';
  const newStyle = dated(event.eventTime);
  const matches = newStyle
    ? involved !== '' || namespace === 'default' || namespace === 'kube-system'
    : involved === ''
      ? namespace === '' || namespace === 'default'
      : involved === namespace;
  return [
    ...(matches ? [] : [invalid(path('involvedObject', 'namespace'), involved, 'does not match event.namespace')]),
    ...(newStyle ? reporterErrors(event, controllerField) : []),
    ...checked(path('namespace'), namespace, dns1123SubdomainFaults),
  ];
}

/** What is asked of every event with an eventTime. */
function reporterErrors(event: CoreV1Event, controllerField: string): FieldError[] {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  const controller = path(controllerField);
  const atMost = (field: string, value: string, limit: number): FieldError[] =>
    Buffer.byteLength(value) > limit ? [invalid(path(field), '', `can have at most ${String(limit)} characters`)] : [];
  const needed = (field: string, value: string, limit: number): FieldError[] =>
    value === '' ? [required(path(field))] : atMost(field, value, limit);
  return [
    ...(reportingComponent === '' ? [required(controller)] : []),
    ...checked(controller, reportingComponent, qualifiedNameFaults),
    ...needed('reportingInstance', reportingInstance, limits.instance),
    ...needed('action', action, limits.action),
    ...needed('reason', reason, limits.reason),
    ...atMost('message', message, limits.note),
  ];
}

function seriesErrors({ series }: CoreV1Event): FieldError[] {
  if (series === undefined) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalid(path('series.count'), '', 'should be at least 2')] : []),
    ...(dated(series.lastObservedTime) ? [] : [required(path('series.lastObservedTime'))]),
  ];
}

/** A new event of events.k8s.io. */
export function validateNewEvent(event: CoreV1Event): FieldError[] {
  const unset = (field: string, isSet: boolean): FieldError[] => (isSet ? [invalid(path(field), '', 'needs to be unset')] : []);
  const { type = '', source } = event;
  return [
    ...validateEvent(event, 'reportingController'),
    ...seriesErrors(event),
    ...(dated(event.eventTime) ? [] : [required(path('eventTime'))]),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid(path('type'), '', `has invalid value: ${type}`)]),
    ...unset('firstTimestamp', dated(event.firstTimestamp)),
    ...unset('lastTimestamp', dated(event.lastTimestamp)),
    ...unset('count', (event.count ?? 0) !== 0),
    ...unset('source', (source?.component ?? '') !== '' || (source?.host ?? '') !== ''),
  ];
}

const fixed: readonly (readonly [field: keyof CoreV1Event, shown: string, type?: string])[] = [
  ['involvedObject', 'involvedObject', 'core.ObjectReference'],
  ['reason', 'reason'],
  ['message', 'message'],
  ['source', 'source', 'core.EventSource'],
  ['firstTimestamp', 'firstTimestamp'],
  ['lastTimestamp', 'lastTimestamp'],
  ['count', 'count'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related', 'core.ObjectReference'],
  ['reportingComponent', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
];

/** Of an event of events.k8s.io only the series goes on. */
export function validateChangedEvent(event: CoreV1Event, old: CoreV1Event): FieldError[] {
  const changed = fixed.flatMap(([field, shown, type]) => {
    const value = event[field];
    if (semanticEqual(value, old[field])) return [];
    const form = type !== undefined && typeof value === 'object' ? internalForm(type, value) : (value ?? emptyOf(field));
    return [invalid(path(shown), form, 'field is immutable')];
  });
  const series = semanticEqual(event.series, old.series) ? [] : seriesErrors(event);
  return [...validateEvent(event, 'reportingController'), ...series, ...changed];
}

function emptyOf(field: keyof CoreV1Event): unknown {
  if (field === 'count') return 0;
  return field === 'related' || field.endsWith('Time') || field.endsWith('Timestamp') ? null : '';
}

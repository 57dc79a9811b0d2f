import type { CoreV1Event, EventsV1Event } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { events, eventTtlSeconds } from '../../core/events/definition.ts';
import { validateChangedEvent, validateNewEvent } from '../../core/events/validation.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Column } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';

const renamed: readonly (readonly [now: keyof EventsV1Event, stored: keyof CoreV1Event])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];

/** pkg/apis/events/v1/conversion.go: the same objects as the core group's events under other names. */
export const eventsK8s = define<EventsV1Event>({
  ...fromFacts('events.k8s.io', 'v1', 'events'),
  storage: { group: '', resource: 'events' },
  storedAs: { apiVersion: 'v1', kind: 'Event' },
  strategy: {
    namesOnCreateOnly: true,
    defaultPropagation: 'unsupported',
    validate: (event) => validateNewEvent(core(event)),
    validateUpdate: (event, old) => validateChangedEvent(core(event), core(old)),
    allowCreateOnUpdate: true,
  },
  ttlSeconds: eventTtlSeconds,
  selectableFields: {
    reason: (event) => event.reason ?? '',
    'regarding.kind': (event) => event.regarding?.kind ?? '',
    'regarding.namespace': (event) => event.regarding?.namespace ?? '',
    'regarding.name': (event) => event.regarding?.name ?? '',
    'regarding.uid': (event) => event.regarding?.uid ?? '',
    'regarding.apiVersion': (event) => event.regarding?.apiVersion ?? '',
    'regarding.resourceVersion': (event) => event.regarding?.resourceVersion ?? '',
    'regarding.fieldPath': (event) => event.regarding?.fieldPath ?? '',
    reportingController: (event) => event.reportingController ?? '',
    type: (event) => event.type ?? '',
  },
  columns: events.columns.map((column): Column<EventsV1Event> => ({
    ...column,
    value: (event, now) => column.value(toStored(event), now),
  })),
  convert: { fromStored, toStored },
});

const core = (event: EventsV1Event): CoreV1Event => toStored(event) as unknown as CoreV1Event;

function toStored(event: EventsV1Event): KubeObject {
  const stored: Record<string, unknown> = { ...event };
  for (const [now, then] of renamed) {
    delete stored[now];
    if (event[now] !== undefined) stored[then] = event[now];
  }
  stored['involvedObject'] ??= {};
  return stored as unknown as KubeObject;
}

function fromStored(object: KubeObject): EventsV1Event {
  const event: Record<string, unknown> = { ...object };
  for (const [now, then] of renamed) {
    delete event[then];
    if (object[then] !== undefined) event[now] = object[then];
  }
  // these two may be missing here, and may not in the core group
  for (const name of ['reportingController', 'reportingInstance']) if (event[name] === '') delete event[name];
  return event as unknown as EventsV1Event;
}

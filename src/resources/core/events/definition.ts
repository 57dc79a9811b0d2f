import type { CoreV1Event } from '../../../api/generated/types.ts';
import { pathSegmentFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { since, text, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { validateEvent } from './validation.ts';

/** An hour, kube-apiserver's --event-ttl. */
export const eventTtlSeconds = 3600;

export const events = define<CoreV1Event>({
  ...fromFacts('', 'v1', 'events'),
  strategy: {
    anyFinalizers: true,
    validateName: pathSegmentFaults,
    defaultPropagation: 'unsupported',
    validate: (event) => validateEvent(event),
    allowCreateOnUpdate: true,
  },
  ttlSeconds: eventTtlSeconds,
  selectableFields: {
    'involvedObject.kind': (event) => event.involvedObject.kind ?? '',
    'involvedObject.namespace': (event) => event.involvedObject.namespace ?? '',
    'involvedObject.name': (event) => event.involvedObject.name ?? '',
    'involvedObject.uid': (event) => event.involvedObject.uid ?? '',
    'involvedObject.apiVersion': (event) => event.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': (event) => event.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': (event) => event.involvedObject.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component || (event.reportingComponent ?? ''),
    type: (event) => event.type ?? '',
  },
  columns: [
    text('Last Seen', (event, now) => {
      if (event.series !== undefined) return since(event.series.lastObservedTime, now);
      return (event.lastTimestamp ?? '') === '' ? firstSeen(event, now) : since(event.lastTimestamp, now);
    }),
    text('Type', (event) => event.type ?? ''),
    text('Reason', (event) => event.reason ?? ''),
    text('Object', ({ involvedObject: { kind = '', name = '' } }) => (name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`)),
    wide('Subobject', (event) => event.involvedObject.fieldPath ?? ''),
    wide('Source', (event) => {
      const component = event.source?.component || (event.reportingComponent ?? '');
      const instance = event.source?.host || (event.reportingInstance ?? '');
      return instance === '' ? component : `${component}, ${instance}`;
    }),
    text('Message', (event) => (event.message ?? '').trim()),
    wide('First Seen', firstSeen),
    wide('Count', (event) => event.series?.count ?? (event.count || 1)),
    { ...wide<CoreV1Event>('Name', (event) => event.metadata.name), format: 'name' },
  ],
});

function firstSeen(event: CoreV1Event, now: number): string {
  return since((event.firstTimestamp ?? '') === '' ? event.eventTime : event.firstTimestamp, now);
}

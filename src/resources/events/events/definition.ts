import type { EventsV1Event } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const eventsK8s = define<EventsV1Event>({
  ...fromFacts('events.k8s.io', 'v1', 'events'),
  strategy: {},
  columns: nameAndAge,
});

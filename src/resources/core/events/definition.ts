import type { CoreV1Event } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const events = define<CoreV1Event>({
  ...fromFacts('', 'v1', 'events'),
  strategy: {},
  columns: nameAndAge,
});

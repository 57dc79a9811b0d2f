import type { ReplicationController } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const replicationcontrollers = define<ReplicationController>({
  ...fromFacts('', 'v1', 'replicationcontrollers'),
  strategy: {},
  columns: nameAndAge,
});

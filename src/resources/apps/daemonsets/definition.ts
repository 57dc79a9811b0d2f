import type { DaemonSet } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const daemonsets = define<DaemonSet>({
  ...fromFacts('apps', 'v1', 'daemonsets'),
  strategy: {},
  columns: nameAndAge,
});

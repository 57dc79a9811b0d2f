import type { PriorityLevelConfiguration } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const prioritylevelconfigurations = define<PriorityLevelConfiguration>({
  ...fromFacts('flowcontrol.apiserver.k8s.io', 'v1', 'prioritylevelconfigurations'),
  strategy: {},
  columns: nameAndAge,
});

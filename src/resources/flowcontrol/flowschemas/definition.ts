import type { FlowSchema } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const flowschemas = define<FlowSchema>({
  ...fromFacts('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas'),
  strategy: {},
  columns: nameAndAge,
});

import type { NetworkPolicy } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const networkpolicies = define<NetworkPolicy>({
  ...fromFacts('networking.k8s.io', 'v1', 'networkpolicies'),
  strategy: {},
  columns: nameAndAge,
});

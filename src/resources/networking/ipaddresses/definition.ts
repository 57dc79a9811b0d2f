import type { IPAddress } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const ipaddresses = define<IPAddress>({
  ...fromFacts('networking.k8s.io', 'v1', 'ipaddresses'),
  strategy: {},
  columns: nameAndAge,
});

import type { EndpointSlice } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const endpointslices = define<EndpointSlice>({
  ...fromFacts('discovery.k8s.io', 'v1', 'endpointslices'),
  strategy: {},
  columns: nameAndAge,
});

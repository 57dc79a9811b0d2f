import type { ResourceSlice } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const resourceslices = define<ResourceSlice>({
  ...fromFacts('resource.k8s.io', 'v1', 'resourceslices'),
  strategy: {},
  columns: nameAndAge,
});

import type { ResourceV1ResourceClaim } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const resourceclaims = define<ResourceV1ResourceClaim>({
  ...fromFacts('resource.k8s.io', 'v1', 'resourceclaims'),
  strategy: {},
  columns: nameAndAge,
});

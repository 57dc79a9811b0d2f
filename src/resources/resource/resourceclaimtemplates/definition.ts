import type { ResourceClaimTemplate } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const resourceclaimtemplates = define<ResourceClaimTemplate>({
  ...fromFacts('resource.k8s.io', 'v1', 'resourceclaimtemplates'),
  strategy: {},
  columns: nameAndAge,
});

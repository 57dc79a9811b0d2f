import type { Deployment } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const deployments = define<Deployment>({
  ...fromFacts('apps', 'v1', 'deployments'),
  strategy: {},
  columns: nameAndAge,
});

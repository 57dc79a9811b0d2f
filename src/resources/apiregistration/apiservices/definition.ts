import type { APIService } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const apiservices = define<APIService>({
  ...fromFacts('apiregistration.k8s.io', 'v1', 'apiservices'),
  strategy: {},
  columns: nameAndAge,
});

import type { ServiceAccount } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { nameAndAge } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { token } from './token.ts';

export function serviceaccounts(deps: ResourceDeps): ResourceDefinition {
  return define<ServiceAccount>({
    ...fromFacts('', 'v1', 'serviceaccounts'),
    strategy: {},
    columns: nameAndAge,
    subresources: [token(deps)],
  });
}

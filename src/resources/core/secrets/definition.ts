import type { Secret } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const secrets = define<Secret>({
  ...fromFacts('', 'v1', 'secrets'),
  strategy: {},
  columns: nameAndAge,
});

import type { Node } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const nodes = define<Node>({
  ...fromFacts('', 'v1', 'nodes'),
  strategy: {},
  columns: nameAndAge,
});

import type { Endpoints } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const endpoints = define<Endpoints>({
  ...fromFacts('', 'v1', 'endpoints'),
  strategy: {},
  columns: nameAndAge,
});

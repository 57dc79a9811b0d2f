import type { Service } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const services = define<Service>({
  ...fromFacts('', 'v1', 'services'),
  strategy: {},
  columns: nameAndAge,
});

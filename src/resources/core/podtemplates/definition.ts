import type { PodTemplate } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const podtemplates = define<PodTemplate>({
  ...fromFacts('', 'v1', 'podtemplates'),
  strategy: {},
  columns: nameAndAge,
});

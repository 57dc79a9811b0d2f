import type { IngressClass } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const ingressclasses = define<IngressClass>({
  ...fromFacts('networking.k8s.io', 'v1', 'ingressclasses'),
  strategy: {},
  columns: nameAndAge,
});

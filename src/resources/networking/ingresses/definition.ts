import type { Ingress } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const ingresses = define<Ingress>({
  ...fromFacts('networking.k8s.io', 'v1', 'ingresses'),
  strategy: {},
  columns: nameAndAge,
});

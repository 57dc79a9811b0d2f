import type { CustomResourceDefinition } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const customresourcedefinitions = define<CustomResourceDefinition>({
  ...fromFacts('apiextensions.k8s.io', 'v1', 'customresourcedefinitions'),
  strategy: {},
  columns: nameAndAge,
});

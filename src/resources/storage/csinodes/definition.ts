import type { CSINode } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, integer, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { validateNode, validateNodeUpdate } from './validation.ts';

export const csinodes = define<CSINode>({
  ...fromFacts('storage.k8s.io', 'v1', 'csinodes'),
  strategy: { validate: validateNode, validateUpdate: validateNodeUpdate, allowUnconditionalUpdate: false },
  columns: [name, integer('Drivers', ({ spec }) => spec.drivers?.length), age],
});

import type { ControllerRevision } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const controllerrevisions = define<ControllerRevision>({
  ...fromFacts('apps', 'v1', 'controllerrevisions'),
  strategy: {},
  columns: nameAndAge,
});

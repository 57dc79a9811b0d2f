import type { Job } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const jobs = define<Job>({
  ...fromFacts('batch', 'v1', 'jobs'),
  strategy: {},
  columns: nameAndAge,
});

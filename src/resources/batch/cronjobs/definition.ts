import type { CronJob } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const cronjobs = define<CronJob>({
  ...fromFacts('batch', 'v1', 'cronjobs'),
  strategy: {},
  columns: nameAndAge,
});

import type { DeviceClass } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { nameAndAge } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const deviceclasses = define<DeviceClass>({
  ...fromFacts('resource.k8s.io', 'v1', 'deviceclasses'),
  strategy: countsGeneration<DeviceClass>(),
  columns: nameAndAge,
});

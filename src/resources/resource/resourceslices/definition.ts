import type { ResourceSlice } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const resourceslices = define<ResourceSlice>({
  ...fromFacts('resource.k8s.io', 'v1', 'resourceslices'),
  strategy: countsGeneration<ResourceSlice>(),
  selectableFields: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver },
  columns: [
    name,
    text('Node', ({ spec }) => spec.nodeName ?? ''),
    text('Driver', ({ spec }) => spec.driver),
    text('Pool', ({ spec }) => spec.pool.name),
    age,
  ],
});

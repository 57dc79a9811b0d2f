import type { VolumeAttributesClass } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const volumeattributesclasses = define<VolumeAttributesClass>({
  ...fromFacts('storage.k8s.io', 'v1', 'volumeattributesclasses'),
  strategy: {},
  columns: nameAndAge,
});

import type { VolumeAttachment } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const volumeattachments = define<VolumeAttachment>({
  ...fromFacts('storage.k8s.io', 'v1', 'volumeattachments'),
  strategy: {},
  columns: nameAndAge,
});

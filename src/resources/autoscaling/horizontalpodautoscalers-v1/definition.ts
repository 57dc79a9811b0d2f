import type { AutoscalingV1HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const horizontalpodautoscalersV1 = define<AutoscalingV1HorizontalPodAutoscaler>({
  ...fromFacts('autoscaling', 'v1', 'horizontalpodautoscalers'),
  strategy: {},
  columns: nameAndAge,
});

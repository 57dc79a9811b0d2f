import type { AutoscalingV2HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const horizontalpodautoscalers = define<AutoscalingV2HorizontalPodAutoscaler>({
  ...fromFacts('autoscaling', 'v2', 'horizontalpodautoscalers'),
  strategy: {},
  columns: nameAndAge,
});

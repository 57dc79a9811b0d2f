import type { AutoscalingV2HorizontalPodAutoscaler as HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { autoscalerColumns } from './columns.ts';
import { defaultAutoscaler } from './defaults.ts';
import { validateAutoscaler, validateAutoscalerStatus } from './validation.ts';

/** Stored as autoscaling/v2; autoscaling/v1 is another view of the same objects. */
export const horizontalpodautoscalers = define<HorizontalPodAutoscaler>({
  ...fromFacts('autoscaling', 'v2', 'horizontalpodautoscalers'),
  strategy: {
    namesOnCreateOnly: true,
    ...resetsStatus<HorizontalPodAutoscaler>(() => ({ desiredReplicas: 0, currentMetrics: null })),
    default: defaultAutoscaler,
    validate: validateAutoscaler,
    validateStatusUpdate: validateAutoscalerStatus,
  },
  columns: autoscalerColumns,
});

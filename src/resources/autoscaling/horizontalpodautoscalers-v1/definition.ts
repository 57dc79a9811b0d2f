import type { AutoscalingV1HorizontalPodAutoscaler, AutoscalingV2HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import { define } from '../../../registry/definition.ts';
import type { Column } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { autoscalerColumns } from '../horizontalpodautoscalers/columns.ts';
import { defaultAutoscaler } from '../horizontalpodautoscalers/defaults.ts';
import { validateAutoscaler, validateAutoscalerStatus } from '../horizontalpodautoscalers/validation.ts';
import { fromV2, keepAnnotations, specAnnotations, statusAnnotations, toV2 } from './conversion.ts';

type V1 = AutoscalingV1HorizontalPodAutoscaler;
type V2 = AutoscalingV2HorizontalPodAutoscaler;

export const horizontalpodautoscalersV1 = define<V1>({
  ...fromFacts('autoscaling', 'v1', 'horizontalpodautoscalers'),
  storage: { group: 'autoscaling', resource: 'horizontalpodautoscalers' },
  storedAs: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  strategy: {
    namesOnCreateOnly: true,
    ...resetsStatus<V1>(() => ({ currentReplicas: 0, desiredReplicas: 0 })),
    prepareForUpdate(autoscaler, old) {
      autoscaler.status = cloneJson(old.status);
      keepAnnotations(autoscaler.metadata, old.metadata, statusAnnotations);
    },
    prepareForStatusUpdate(autoscaler, old) {
      autoscaler.spec = cloneJson(old.spec);
      keepAnnotations(autoscaler.metadata, old.metadata, specAnnotations);
    },
    default(autoscaler) {
      autoscaler.spec.minReplicas ??= 1;
      // Upstream's conversion, which knows the annotations and writes them anew (pkg/apis/autoscaling/v1/conversion.go).
      const meant = toV2(autoscaler);
      if (autoscaler.spec.targetCPUUtilizationPercentage === undefined && (meant.spec.metrics ?? []).length === 0)
        autoscaler.spec.targetCPUUtilizationPercentage = 80;
      if (autoscaler.metadata.annotations !== undefined)
        keepAnnotations(autoscaler.metadata, fromV2(meant).metadata, [...specAnnotations, ...statusAnnotations]);
    },
    validate: (autoscaler) => validateAutoscaler(toV2(autoscaler)),
    validateStatusUpdate: (autoscaler) => validateAutoscalerStatus(toV2(autoscaler)),
  },
  columns: autoscalerColumns.map((column): Column<V1> => ({ ...column, value: (autoscaler, now) => column.value(toV2(autoscaler), now) })),
  convert: {
    fromStored: (object) => fromV2(object as unknown as V2),
    toStored(object) {
      const stored = toV2(object);
      defaultAutoscaler(stored);
      return stored;
    },
  },
});

import { expect, test } from '@jest/globals';
import type {
  AutoscalingV1HorizontalPodAutoscaler as V1,
  AutoscalingV2HorizontalPodAutoscaler as V2,
} from '../../../api/generated/types.ts';
import { fromV2, keepAnnotations, statusAnnotations, toV2 } from './conversion.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const v2 = {
  metadata: { name: 'a', annotations: { other: 'stays' } },
  spec: {
    scaleTargetRef: { kind: 'Deployment', name: 'd' },
    maxReplicas: 3,
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5 } } },
      { type: 'Pods', pods: { metric: { name: 'p' }, target: { type: 'AverageValue', averageValue: '2' } } },
      { type: 'External', external: { metric: { name: 'e' }, target: { type: 'Value', value: '3' } } },
    ],
    behavior: { scaleUp: { selectPolicy: 'Min' } },
  },
  status: {
    desiredReplicas: 1,
    currentReplicas: 2,
    currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 7, averageValue: '100m' } } }],
  },
} as unknown as V2;

test('what v1 cannot say is in annotations, in the words of its own structs, and comes back', () => {
  const v1 = fromV2(v2);
  expect(v1.spec.targetCPUUtilizationPercentage).toBe(5);
  expect(v1.status.currentCPUUtilizationPercentage).toBe(7);
  expect(v1.metadata.annotations).toEqual({
    other: 'stays',
    [`${prefix}metrics`]:
      '[{"type":"Pods","pods":{"metricName":"p","targetAverageValue":"2"}},{"type":"External","external":{"metricName":"e","targetValue":"3"}}]',
    [`${prefix}current-metrics`]:
      '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"100m"}}]',
    [`${prefix}behavior`]:
      '{"ScaleUp":{"StabilizationWindowSeconds":null,"SelectPolicy":"Min","Policies":null,"Tolerance":null},"ScaleDown":null}',
  });
  const { metrics = [], ...spec } = v2.spec;
  // the CPU's comes last then
  expect(toV2(v1)).toEqual({ ...v2, spec: { ...spec, metrics: [...metrics.slice(1), metrics[0]] } });
});

test('annotations that stand for the status are not for writers of the specification', () => {
  const old = fromV2(v2);
  const metadata = {
    name: 'a',
    annotations: { [`${prefix}current-metrics`]: 'x', [`${prefix}behavior`]: 'y' },
  } as unknown as V1['metadata'];
  keepAnnotations(metadata, old.metadata, statusAnnotations);
  expect(metadata.annotations).toEqual({
    [`${prefix}current-metrics`]: old.metadata.annotations?.[`${prefix}current-metrics`],
    [`${prefix}behavior`]: 'y',
  });
});

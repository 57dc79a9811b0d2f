import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../../api/errors.ts';
import type { AutoscalingV2HorizontalPodAutoscaler as Autoscaler, Deployment } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { horizontalPodAutoscalerController } from './index.ts';

const start = Date.UTC(2026, 0, 1);

interface World {
  readonly bench: Bench;
  /** Answers by the beginning of the path; a function decides at the time. */
  readonly answers: Record<string, unknown>;
}

interface Setup {
  readonly replicas?: number;
  readonly pods?: number;
  readonly hpa?: object;
}

/** A Deployment of `replicas`, its `pods` ready for ten minutes and asking for 100m CPU each, and an autoscaler. */
async function startWorld({ replicas = 2, pods = replicas, hpa = {} }: Setup = {}): Promise<World & AsyncDisposable> {
  const answers: Record<string, unknown> = {};
  const rawGet = (path: string): Promise<unknown> => {
    const found = Object.entries(answers).find(([prefix]) => decodeURIComponent(path).startsWith(prefix));
    if (found === undefined) return Promise.reject(new ApiError('NotFound', '404 page not found'));
    return Promise.resolve(found[1]);
  };
  const bench = await startBench([horizontalPodAutoscalerController], {
    settings: { rawGet },
    seed: (client) => {
      client.seed(refs.deployments, {
        metadata: { name: 'web', namespace: 'shop', generation: 1 },
        spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: {} },
        status: { replicas: pods },
      });
      const time = rfc3339(start - 600_000);
      for (let n = 0; n < pods; n += 1) {
        client.seed(refs.pods, {
          metadata: { name: `web-${String(n)}`, namespace: 'shop', labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', resources: { requests: { cpu: '100m' } } }] },
          status: { phase: 'Running', startTime: time, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }] },
        });
      }
      client.seed(refs.horizontalPodAutoscalers, {
        metadata: { name: 'web', namespace: 'shop', generation: 1 },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          minReplicas: 1,
          maxReplicas: 10,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
          ...hpa,
        },
        status: { desiredReplicas: 0 },
      });
    },
  });
  return { bench, answers, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

const metricsPath = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app=web';
const usage = (...cpu: string[]): object => ({
  items: cpu.map((value, n) => ({
    metadata: { name: `web-${String(n)}` },
    timestamp: rfc3339(start),
    window: '30s',
    containers: [{ name: 'c', usage: { cpu: value, memory: '64Mi' } }],
  })),
});
const replicas = ({ bench }: World): number | undefined => (bench.client.peek(refs.deployments, 'shop/web') as Deployment).spec.replicas;
const hpa = ({ bench }: World): Autoscaler => bench.client.peek(refs.horizontalPodAutoscalers, 'shop/web') as Autoscaler;
const condition = (world: World, type: string) => hpa(world).status.conditions?.find((one) => one.type === type);
const events = ({ bench }: World): string[] =>
  bench.client.all(refs.events).map((event) => `${event.reason ?? ''}: ${event.message ?? ''}`);
const pass = async ({ bench }: World, ms = 15_000): Promise<void> => {
  await bench.clock.advance(ms);
  await bench.settle();
};

describe('by resources', () => {
  test('scales to the utilization asked for, at most double at a time, and tells', async () => {
    await using world = await startWorld();
    world.answers[metricsPath] = usage('200m', '200m');
    await pass(world);
    expect(replicas(world)).toBe(4);
    expect(hpa(world).status).toMatchObject({
      currentReplicas: 2,
      desiredReplicas: 4,
      lastScaleTime: rfc3339(start + 15_000),
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 200, averageValue: '200m' } } }],
    });
    expect(condition(world, 'AbleToScale')).toMatchObject({
      status: 'True',
      reason: 'SucceededRescale',
      message: 'the HPA controller was able to update the target scale to 4',
    });
    expect(condition(world, 'ScalingActive')).toMatchObject({
      reason: 'ValidMetricFound',
      message: 'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
    });
    expect(condition(world, 'ScalingLimited')).toMatchObject({
      status: 'True',
      reason: 'ScaleUpLimit',
      message: 'the desired replica count is increasing faster than the maximum scale rate',
    });
    expect(events(world)).toEqual([
      'SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
    ]);
  });

  test('within a tenth of the target nothing happens, and nothing is written twice', async () => {
    await using world = await startWorld();
    world.answers[metricsPath] = usage('54m', '54m');
    await pass(world);
    expect(condition(world, 'AbleToScale')).toMatchObject({ reason: 'ReadyForNewScale', message: 'recommended size matches current size' });
    expect(condition(world, 'ScalingLimited')).toMatchObject({ status: 'False', reason: 'DesiredWithinRange' });
    const writes = world.bench.client.actions.length;
    await pass(world, 60_000);
    expect(world.bench.client.actions).toHaveLength(writes);
    expect(replicas(world)).toBe(2);
  });

  test('scales down only after five minutes without a higher recommendation', async () => {
    await using world = await startWorld({ replicas: 4 });
    world.answers[metricsPath] = usage('10m', '10m', '10m', '10m');
    await pass(world);
    expect(replicas(world)).toBe(4);
    expect(condition(world, 'AbleToScale')).toMatchObject({
      reason: 'ScaleDownStabilized',
      message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
    });
    await pass(world, 270_000);
    expect(replicas(world)).toBe(4);
    await pass(world, 45_000);
    expect(replicas(world)).toBe(1);
    expect(events(world)).toEqual(['SuccessfulRescale: New size: 1; reason: All metrics below target']);
  });

  test('a pod without metrics counts as idle when scaling up', async () => {
    await using world = await startWorld({ replicas: 3 });
    world.answers[metricsPath] = usage('100m', '100m');
    await pass(world);
    // 200 of 300 requested is 66 %: 1.32 times the target of 3 pods.
    expect(replicas(world)).toBe(4);
  });

  test('no metrics API: the condition and the events say so', async () => {
    await using world = await startWorld();
    await pass(world);
    const why =
      'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
    expect(condition(world, 'ScalingActive')).toMatchObject({
      status: 'False',
      reason: 'FailedGetResourceMetric',
      message: `the HPA was unable to compute the replica count: ${why}`,
    });
    expect(events(world)).toEqual([
      `FailedGetResourceMetric: ${why}`,
      `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
    ]);
    expect(replicas(world)).toBe(2);
  });

  test('a container without a request cannot be measured', async () => {
    const target = { type: 'Utilization', averageUtilization: 50 };
    await using world = await startWorld({ hpa: { metrics: [{ type: 'Resource', resource: { name: 'memory', target } }] } });
    world.answers[metricsPath] = usage('1m', '1m');
    await pass(world);
    expect(condition(world, 'ScalingActive')?.message).toContain(
      'failed to get memory utilization: missing request for memory in container c of Pod web-0',
    );
  });

  test('one container by average value', async () => {
    const containerResource = { name: 'memory', container: 'c', target: { type: 'AverageValue', averageValue: '32Mi' } };
    await using world = await startWorld({ hpa: { metrics: [{ type: 'ContainerResource', containerResource }] } });
    world.answers[metricsPath] = usage('1m', '1m');
    await pass(world);
    expect(replicas(world)).toBe(4);
    expect(hpa(world).status.currentMetrics).toEqual([
      { type: 'ContainerResource', containerResource: { name: 'memory', container: 'c', current: { averageValue: '64Mi' } } },
    ]);
  });
});

describe('by other metrics', () => {
  const metric = { name: 'queue', selector: { matchLabels: { q: 'a' } } };

  test('the largest proposal wins; with one metric missing nothing shrinks', async () => {
    const metrics = [
      { type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: '10' } } },
      { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '1' } } },
    ];
    await using world = await startWorld({ replicas: 3, hpa: { metrics } });
    world.answers['/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue?labelSelector=q=a'] = {
      items: [{ value: '5' }, { value: '500m' }],
    };
    await pass(world);
    expect(replicas(world)).toBe(3);
    expect(condition(world, 'ScalingActive')).toMatchObject({
      reason: 'FailedGetPodsMetric',
      message:
        'the HPA was unable to compute the replica count: unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    });
    world.answers['/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/pods/*/requests?labelSelector=app=web'] = {
      items: [0, 1, 2].map((n) => ({ describedObject: { name: `web-${String(n)}` }, timestamp: rfc3339(start), value: '2' })),
    };
    world.answers['/apis/custom.metrics.k8s.io'] = { versions: [{ version: 'v1beta1' }, { version: 'v1beta2' }] };
    await pass(world);
    expect(replicas(world)).toBe(6);
    expect(hpa(world).status.currentMetrics).toEqual([
      { type: 'External', external: { metric, current: { averageValue: '1834m' } } },
      { type: 'Pods', pods: { metric: { name: 'requests' }, current: { averageValue: '2' } } },
    ]);
    expect(events(world).at(-1)).toBe('SuccessfulRescale: New size: 6; reason: pods metric requests above target');
  });

  test("an object's value", async () => {
    const describedObject = { apiVersion: 'v1', kind: 'Service', name: 'front' };
    const metrics = [{ type: 'Object', object: { describedObject, metric: { name: 'hits' }, target: { type: 'Value', value: '100' } } }];
    await using world = await startWorld({ hpa: { metrics } });
    world.answers['/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/services/front/hits'] = {
      items: [{ timestamp: rfc3339(start), value: '150' }],
    };
    world.answers['/apis/custom.metrics.k8s.io'] = { versions: [{ version: 'v1beta1' }] };
    await pass(world);
    expect(replicas(world)).toBe(3);
    expect(events(world)).toEqual(['SuccessfulRescale: New size: 3; reason: Service metric hits above target']);
  });
});

describe('limits and behaviour', () => {
  test.each([
    [12, 10, 'Current number of replicas above Spec.MaxReplicas'],
    [1, 2, 'Current number of replicas below Spec.MinReplicas'],
  ])('%i replicas become %i: %s', async (from, to, reason) => {
    await using world = await startWorld({ replicas: from, pods: 0, hpa: { minReplicas: 2 } });
    await pass(world);
    expect(replicas(world)).toBe(to);
    expect(events(world)).toEqual([`SuccessfulRescale: New size: ${String(to)}; reason: ${reason}`]);
  });

  test('a target without replicas is left alone', async () => {
    await using world = await startWorld({ replicas: 0 });
    await pass(world);
    expect(condition(world, 'ScalingActive')).toMatchObject({ status: 'False', reason: 'ScalingDisabled' });
    expect(replicas(world)).toBe(0);
  });

  test('policies limit the change in a period', async () => {
    const rules = (value: number): object => ({
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ type: 'Pods', value, periodSeconds: 60 }],
    });
    await using world = await startWorld({ hpa: { behavior: { scaleUp: rules(1), scaleDown: rules(2) } } });
    world.answers[metricsPath] = usage('500m', '500m');
    await pass(world);
    expect(replicas(world)).toBe(3);
    await pass(world);
    expect(replicas(world)).toBe(3);
    expect(condition(world, 'ScalingLimited')).toMatchObject({ status: 'True', reason: 'ScaleUpLimit' });
    await pass(world, 60_000);
    expect(replicas(world)).toBe(4);
  });

  test('selectPolicy Disabled forbids a direction', async () => {
    const behavior = {
      scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Disabled', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] },
      scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
    };
    await using world = await startWorld({ hpa: { behavior } });
    world.answers[metricsPath] = usage('500m', '500m');
    await pass(world);
    expect(replicas(world)).toBe(2);
    expect(condition(world, 'ScalingLimited')).toMatchObject({ status: 'True', reason: 'ScaleUpLimit' });
  });

  test('a target that is not there', async () => {
    await using world = await startWorld({ hpa: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gone' } } });
    await pass(world);
    const why = 'deployments.apps "gone" not found';
    expect(condition(world, 'AbleToScale')).toMatchObject({
      status: 'False',
      reason: 'FailedGetScale',
      message: `the HPA controller was unable to get the target's current scale: ${why}`,
    });
    expect(events(world)).toEqual([`FailedGetScale: ${why}`]);
  });

  test('a kind that is not there', async () => {
    await using world = await startWorld({ hpa: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Rocket', name: 'web' } } });
    await pass(world);
    expect(events(world)).toEqual(['FailedGetScale: no matches for kind "Rocket" in group "apps"']);
  });
});

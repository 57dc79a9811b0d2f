/** Horizontal pod autoscaling by the metrics APIs: pkg/controller/podautoscaler. */
import { ApiError } from '../../api/errors.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { indexers, keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import type { ScalingHistory } from './behavior.ts';
import { MetricsClient } from './metrics.ts';
import { AutoscalerRound, AutoscalingError } from './round.ts';

/** Between two looks at an autoscaler's metrics, in ms (flag --horizontal-pod-autoscaler-sync-period). */
const periodMs = 15_000;

export const horizontalPodAutoscalerController: Controller = {
  name: 'horizontal-pod-autoscaler-controller',
  watches: ['horizontalpodautoscalers', 'pods'],
  start,
};

function start(context: ControllerContext): Running {
  const { client, clock, logger, queues, informers, settings } = context;
  const autoscalers = informers.of(refs.horizontalPodAutoscalers);
  const pods = informers.of(refs.pods);
  pods.addIndexer('namespace', indexers.namespace);
  const recorder = context.recorder('horizontal-pod-autoscaler');
  const metrics = new MetricsClient(settings.rawGet ?? noApi);
  const histories = new Map<string, ScalingHistory>();
  const selectors = new Map<string, string>();
  const loop = startReconciler({
    name: 'horizontal-pod-autoscaler',
    clock,
    logger,
    queues,
    ready: Promise.all([autoscalers.synced, pods.synced]),
    backoff: { initialMs: periodMs, maxMs: periodMs },
    reconcile: async (key) => {
      const autoscaler = autoscalers.store.get(key);
      if (autoscaler === undefined) return undefined;
      const podsIn = (namespace: string): ReturnType<typeof pods.store.byIndex> => pods.store.byIndex('namespace', namespace);
      try {
        await new AutoscalerRound({ client, clock, recorder, metrics, autoscaler, podsIn, histories, selectors }).run();
      } catch (error) {
        if (!(error instanceof AutoscalingError)) throw error;
        logger.debug({ key, err: error.message }, 'autoscaling failed');
      }
      return { requeueAfter: periodMs };
    },
  });
  const handler = autoscalers.handle({
    add: (autoscaler) => loop.enqueueAfter(keyOf(autoscaler), periodMs),
    update: (_, autoscaler) => loop.enqueueAfter(keyOf(autoscaler), periodMs),
    delete: (autoscaler) => {
      histories.delete(keyOf(autoscaler));
      selectors.delete(keyOf(autoscaler));
    },
  });
  return running(async () => {
    await handler.stop();
    await loop.stop();
  });
}

const noApi = (): Promise<never> => Promise.reject(new ApiError('NotFound', 'the server could not find the requested resource'));

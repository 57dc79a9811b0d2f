/** Figures of work queues by client-go's names (component-base metrics/prometheus/workqueue). */
import { exponentialBuckets, type MetricRegistry, type Sample } from './metrics.ts';
import type { QueueMetrics } from './work-queue.ts';

/** The metrics of the queue of that name; the same ones when it is asked for again. */
export type Queues = (name: string) => QueueMetrics;

/** Registers the families; once a registry. */
export function queueMetrics(registry: MetricRegistry): Queues {
  const labels = ['name'];
  const buckets = exponentialBuckets(10e-9, 10, 10);
  const depth = registry.gauge({ name: 'workqueue_depth', help: 'Current depth of workqueue', labels });
  const adds = registry.counter({ name: 'workqueue_adds_total', help: 'Total number of adds handled by workqueue', labels });
  const waited = registry.histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested.',
    labels,
    buckets,
  });
  const worked = registry.histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes.',
    labels,
    buckets,
  });
  const retries = registry.counter({ name: 'workqueue_retries_total', help: 'Total number of retries handled by workqueue', labels });
  const unfinished = new Map<string, () => readonly number[]>();
  const each = (of: (seconds: readonly number[]) => number) => (): Sample[] =>
    [...unfinished].map(([name, seconds]) => ({ labels: { name }, value: of(seconds()) }));
  registry.collected(
    'gauge',
    {
      name: 'workqueue_unfinished_work_seconds',
      help: "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
    },
    each((seconds) => seconds.reduce((sum, one) => sum + one, 0)),
  );
  registry.collected(
    'gauge',
    {
      name: 'workqueue_longest_running_processor_seconds',
      help: 'How many seconds has the longest running processor for workqueue been running.',
    },
    each((seconds) => Math.max(0, ...seconds)),
  );
  return (name) => {
    depth.with(name).set(0);
    return {
      depth: depth.with(name),
      adds: adds.with(name),
      waited: waited.with(name),
      worked: worked.with(name),
      retries: retries.with(name),
      follow: (seconds) => void unfinished.set(name, seconds),
    };
  };
}

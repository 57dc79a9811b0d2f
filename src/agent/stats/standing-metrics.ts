/** Metrics of the kubelet that need nothing counted: what a look at the pods tells, and what never happens on this node. */
import type { Clock } from '../../base/clock.ts';
import type { MetricRegistry } from '../../base/metrics.ts';
import type { PodWorker } from '../pods/worker.ts';

type Lifecycle = 'sync' | 'terminating' | 'terminated';

const lifecycles: readonly Lifecycle[] = ['sync', 'terminating', 'terminated'];

function lifecycleOf(worker: PodWorker): Lifecycle {
  if (!worker.active) return 'terminated';
  return worker.stopping ? 'terminating' : 'sync';
}

/** There are no managers of processors, memory and topology here but the ones that do nothing; nor Windows, nor NUMA. */
const never: readonly (readonly ['counter' | 'gauge', string, string])[] = [
  ['counter', 'cpu_manager_pinning_requests_total', 'The number of cpu core allocations which required pinning.'],
  ['counter', 'cpu_manager_pinning_errors_total', 'The number of cpu core allocations which required pinning failed.'],
  ['gauge', 'cpu_manager_shared_pool_size_millicores', 'The size of the shared CPU pool for non-guaranteed QoS pods, in millicores.'],
  [
    'gauge',
    'cpu_manager_exclusive_cpu_allocation_count',
    'The total number of CPUs exclusively allocated to containers running on this node',
  ],
  ['counter', 'memory_manager_pinning_requests_total', 'The number of memory pages allocations which required pinning.'],
  ['counter', 'memory_manager_pinning_errors_total', 'The number of memory pages allocations which required pinning that failed.'],
  ['counter', 'topology_manager_admission_requests_total', 'The number of admission requests where resources have to be aligned.'],
  ['counter', 'topology_manager_admission_errors_total', 'The number of admission request failures where resources could not be aligned.'],
  ['counter', 'pleg_discard_events', 'The number of discard events in PLEG.'],
];

/** `clock` tells when somebody looks: events of the runtime are followed all the time. */
export function addStandingMetrics(registry: MetricRegistry, clock: Clock, workers: () => Iterable<PodWorker>): void {
  for (const [type, name, help] of never) registry.collected(type, { name: `kubelet_${name}`, help }, () => [{ value: 0 }]);
  registry.collected(
    'gauge',
    { name: 'kubelet_pleg_last_seen_seconds', help: 'Timestamp in seconds when PLEG was last seen active.' },
    () => [{ value: Math.floor(clock.now() / 1000) }],
  );
  const help =
    'Number of pods the kubelet is actually running, broken down by lifecycle phase, whether the pod is desired, orphaned, or runtime only ' +
    '(also orphaned), and whether the pod is static. An orphaned pod has been removed from local configuration or force deleted in the API ' +
    'and consumes resources that are not otherwise visible.';
  registry.collected('gauge', { name: 'kubelet_working_pods', help }, () => workingPods([...workers()]));
}

function workingPods(workers: readonly PodWorker[]): { labels: Record<string, string>; value: number }[] {
  const groups = new Map<string, number>();
  for (const worker of workers) {
    const isStatic = worker.pod.metadata.annotations?.['kubernetes.io/config.source'] === 'file';
    const key = `${lifecycleOf(worker)}/${isStatic ? 'true' : ''}`;
    groups.set(key, (groups.get(key) ?? 0) + 1);
  }
  // Leftovers of pods that are gone are taken away when the agent starts, before anybody can look.
  const kinds = [
    ['desired', ''],
    ['desired', 'true'],
    ['orphan', ''],
    ['orphan', 'true'],
    ['runtime_only', 'unknown'],
  ] as const;
  return lifecycles.flatMap((lifecycle) =>
    kinds.map(([config, isStatic]) => ({
      labels: { config, lifecycle, static: isStatic },
      value: config === 'desired' ? (groups.get(`${lifecycle}/${isStatic}`) ?? 0) : 0,
    })),
  );
}

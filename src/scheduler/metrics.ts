/** What the scheduler counts, by upstream's names (pkg/scheduler/metrics/metrics.go). */
import { exponentialBuckets, type MetricRegistry } from '../base/metrics.ts';
import type { Place } from './queued-pod.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

export interface SchedulerMetrics {
  /** An attempt is over; `seconds` since its begin. */
  attempted(profile: string, result: AttemptResult, seconds: number): void;
  /** The algorithm alone took so many seconds. */
  decided(seconds: number): void;
  /** A pod has its node, so many seconds after it was first seen. */
  scheduled(attempts: number, seconds: number): void;
  /** Room was looked for; with how many victims when it was found. */
  preempting(victims: number | undefined): void;
  /** Where pods wait, asked for whenever somebody looks. */
  follow(places: () => Iterable<Place>): void;
}

/** Registers the families; once a registry. */
export function schedulerMetrics(registry: MetricRegistry): SchedulerMetrics {
  const { attempts, durations } = attemptFamilies(registry);
  const { algorithm, sli, tries } = latencyFamilies(registry);
  const { victims, preemptions } = preemptionFamilies(registry);
  let placesNow: () => Iterable<Place> = () => [];
  pendingPods(registry, () => placesNow());
  return {
    attempted: (profile, result, seconds) => {
      attempts.with(result, profile).inc();
      durations.with(result, profile).observe(seconds);
    },
    decided: (seconds) => algorithm.observe(seconds),
    scheduled: (count, seconds) => {
      // As upstream's getAttemptsLabel.
      sli.with(count >= 15 ? '15+' : String(count)).observe(seconds);
      tries.observe(count);
    },
    preempting: (count) => {
      preemptions.inc();
      if (count !== undefined) victims.observe(count);
    },
    follow: (places) => {
      placesNow = places;
    },
  };
}

function attemptFamilies(registry: MetricRegistry) {
  const labels = ['result', 'profile'];
  const attempts = registry.counter({
    name: 'scheduler_schedule_attempts_total',
    help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
    stability: 'STABLE',
    labels,
  });
  const durations = registry.histogram({
    name: 'scheduler_scheduling_attempt_duration_seconds',
    help: 'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
    stability: 'STABLE',
    labels,
    buckets: exponentialBuckets(0.001, 2, 15),
  });
  return { attempts, durations };
}

function latencyFamilies(registry: MetricRegistry) {
  const algorithm = registry
    .histogram({
      name: 'scheduler_scheduling_algorithm_duration_seconds',
      help: 'Scheduling algorithm latency in seconds',
      buckets: exponentialBuckets(0.001, 2, 15),
    })
    .with();
  const sli = registry.histogram({
    name: 'scheduler_pod_scheduling_sli_duration_seconds',
    help: 'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
    stability: 'BETA',
    labels: ['attempts'],
    buckets: exponentialBuckets(0.01, 2, 20),
  });
  const tries = registry
    .histogram({
      name: 'scheduler_pod_scheduling_attempts',
      help: 'Number of attempts to successfully schedule a pod.',
      stability: 'STABLE',
      buckets: exponentialBuckets(1, 2, 5),
    })
    .with();
  return { algorithm, sli, tries };
}

function preemptionFamilies(registry: MetricRegistry) {
  const victims = registry
    .histogram({
      name: 'scheduler_preemption_victims',
      help: 'Number of selected preemption victims',
      stability: 'STABLE',
      buckets: exponentialBuckets(1, 2, 7),
    })
    .with();
  const preemptions = registry
    .counter({
      name: 'scheduler_preemption_attempts_total',
      help: 'Total preemption attempts in the cluster till now',
      stability: 'STABLE',
    })
    .with();
  return { victims, preemptions };
}

const queues = ['active', 'backoff', 'gated', 'unschedulable'] as const;

function pendingPods(registry: MetricRegistry, places: () => Iterable<Place>): void {
  registry.collected(
    'gauge',
    {
      name: 'scheduler_pending_pods',
      help: "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
      stability: 'STABLE',
    },
    () => {
      const counts = new Map<Place, number>();
      for (const place of places()) counts.set(place, (counts.get(place) ?? 0) + 1);
      return queues.map((queue) => ({ labels: { queue }, value: counts.get(queue) ?? 0 }));
    },
  );
}

/** What the agent counts about the lives of its pods, under the kubelet's names (pkg/kubelet/metrics/metrics.go, pod_startup_latency_tracker.go). */
import type { ContainerStatus, Pod, PodStatus } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Counter, Family, Histogram, MetricRegistry } from '../../base/metrics.ts';

/** Prometheus' own. */
const usualBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const startBuckets = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const pullBuckets = [1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const statusBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60];

const mega = 1024 * 1024;
const giga = 1024 * mega;
/** Labels of images larger than so many bytes, the largest first. */
const imageSizes: readonly (readonly [number, string])[] = [
  [100 * giga, 'GT100GB'],
  [60 * giga, '60GB-100GB'],
  [40 * giga, '40GB-60GB'],
  [30 * giga, '30GB-40GB'],
  [20 * giga, '20GB-30GB'],
  [10 * giga, '10GB-20GB'],
  [5 * giga, '5GB-10GB'],
  [giga, '1GB-5GB'],
  [500 * mega, '500MB-1GB'],
  [100 * mega, '100MB-500MB'],
  [10 * mega, '10MB-100MB'],
  [0, '0-10MB'],
];

export function imageSizeLabel(bytes: number): string {
  return imageSizes.find(([above]) => bytes > above)?.[1] ?? 'N/A';
}

/** A pod on its way to its first running container. */
interface Starting {
  readonly seenMs: number;
  admitted: boolean;
  running: boolean;
  /** Time of its pulls, ms since the epoch. */
  pulls: { from: number; to: number } | undefined;
}

export class PodMetrics {
  readonly #clock: Clock;
  readonly #starting = new Map<string, Starting>();
  readonly #containers: Histogram;
  readonly #workerStart: Histogram;
  readonly #worker: Family<Histogram>;
  readonly #start: Histogram;
  readonly #startSli: Histogram;
  readonly #startTotal: Histogram;
  readonly #statusSync: Histogram;
  readonly #relist: Histogram;
  readonly #relistInterval: Histogram;
  readonly #terminated: Family<Counter>;
  readonly #rejections: Family<Counter>;
  readonly #pulls: Family<Histogram>;
  readonly #orphans: Counter;
  #relistedMs: number | undefined;

  constructor(registry: MetricRegistry, clock: Clock) {
    this.#clock = clock;
    const histogram = (name: string, help: string, buckets: readonly number[], labels: readonly string[] = []): Family<Histogram> =>
      registry.histogram({ name, help, buckets, labels });
    const counter = (name: string, help: string, labels: readonly string[] = []): Family<Counter> =>
      registry.counter({ name, help, labels });
    this.#containers = histogram('kubelet_containers_per_pod_count', 'The number of containers per pod.', [1, 2, 4, 8, 16]).with();
    this.#workerStart = histogram(
      'kubelet_pod_worker_start_duration_seconds',
      'Duration in seconds from kubelet seeing a pod to starting a worker.',
      usualBuckets,
    ).with();
    this.#worker = histogram(
      'kubelet_pod_worker_duration_seconds',
      'Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync',
      usualBuckets,
      ['operation_type'],
    );
    this.#start = histogram(
      'kubelet_pod_start_duration_seconds',
      'Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run',
      startBuckets,
    ).with();
    this.#startSli = histogram(
      'kubelet_pod_start_sli_duration_seconds',
      'Duration in seconds to start a pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
      startBuckets,
    ).with();
    this.#startTotal = histogram(
      'kubelet_pod_start_total_duration_seconds',
      'Duration in seconds to start a pod since creation, including time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
      startBuckets,
    ).with();
    this.#statusSync = histogram(
      'kubelet_pod_status_sync_duration_seconds',
      'Duration in seconds to sync a pod status update. Measures time from detection of a change to pod status until the API is successfully updated for that pod, even if multiple intevening changes to pod status occur.',
      statusBuckets,
    ).with();
    const relists = 'in PLEG.';
    this.#relist = histogram(
      'kubelet_pleg_relist_duration_seconds',
      `Duration in seconds for relisting pods ${relists}`,
      usualBuckets,
    ).with();
    this.#relistInterval = histogram(
      'kubelet_pleg_relist_interval_seconds',
      `Interval in seconds between relisting ${relists}`,
      usualBuckets,
    ).with();
    this.#terminated = counter('kubelet_terminated_containers_total', 'Cumulative number of container terminations.', [
      'container_type',
      'exit_code',
      'reason',
    ]);
    this.#rejections = counter('kubelet_admission_rejections_total', 'Cumulative number pod admission rejections by the Kubelet.', [
      'reason',
    ]);
    this.#pulls = histogram('kubelet_image_pull_duration_seconds', 'Duration in seconds to pull an image.', pullBuckets, [
      'image_size_in_bytes',
    ]);
    this.#orphans = counter(
      'kubelet_orphaned_runtime_pods_total',
      'Number of pods that have been detected in the container runtime without being already known to the pod worker. This typically indicates the kubelet was restarted while a pod was force deleted in the API or in the local configuration, which is unusual.',
    ).with();
  }

  /** A pod has come to this node; one that an earlier agent began with is no start. */
  seen({ metadata, spec, status }: Pod): void {
    this.#containers.observe(spec.containers.length);
    if (status.startTime !== undefined) return;
    this.#starting.set(metadata.uid, { seenMs: this.#clock.monotonic(), admitted: false, running: false, pulls: undefined });
  }

  /** Its work begins. */
  admitted({ metadata }: Pod): void {
    const starting = this.#starting.get(metadata.uid);
    if (starting === undefined || starting.admitted) return;
    starting.admitted = true;
    this.#workerStart.observe(this.#sinceSeen(starting));
  }

  rejected({ metadata }: Pod, reason: string): void {
    this.#starting.delete(metadata.uid);
    this.#rejections.with(reason).inc();
  }

  /** A step of the pod's worker is through. */
  synced(operation: 'create' | 'sync', beganMs: number): void {
    this.#worker.with(operation).observe((this.#clock.monotonic() - beganMs) / 1000);
  }

  /** The status that the pod has now, and the one it had. */
  published({ metadata }: Pod, status: PodStatus, before: PodStatus): void {
    this.#countEnds(status, before);
    const starting = this.#starting.get(metadata.uid);
    if (starting === undefined) return;
    if (status.phase === 'Running' && !starting.running) {
      starting.running = true;
      this.#start.observe(this.#sinceSeen(starting));
    }
    const { containerStatuses = [], initContainerStatuses = [] } = status;
    const started =
      containerStatuses.length > 0 && containerStatuses.every((one) => one.started === true || one.state?.terminated !== undefined);
    if (!started) return;
    this.#starting.delete(metadata.uid);
    const total = this.#clock.now() - Date.parse(metadata.creationTimestamp ?? '');
    if (!(total >= 0)) return;
    this.#startTotal.observe(total / 1000);
    const { pulls } = starting;
    const pulling = pulls === undefined ? 0 : pulls.to - pulls.from;
    this.#startSli.observe(Math.max(0, total - pulling - initTime(initContainerStatuses)) / 1000);
  }

  /** Nobody waits for its start any more. */
  forget({ metadata }: Pod): void {
    this.#starting.delete(metadata.uid);
  }

  /** An image was pulled for a pod since `beganMs` (monotonic). */
  pulled({ metadata }: Pod, { bytes, beganMs }: { readonly bytes: number; readonly beganMs: number }): void {
    const ms = this.#clock.monotonic() - beganMs;
    this.#pulls.with(imageSizeLabel(bytes)).observe(ms / 1000);
    const starting = this.#starting.get(metadata.uid);
    if (starting === undefined) return;
    const to = this.#clock.now();
    starting.pulls = { from: Math.min(starting.pulls?.from ?? to, to - ms), to };
  }

  /** A status has reached the API that was waiting since `sinceMs` (monotonic). */
  statusSynced(sinceMs: number): void {
    this.#statusSync.observe((this.#clock.monotonic() - sinceMs) / 1000);
  }

  /** All pods were compared with the runtime since `beganMs` (monotonic). */
  relisted(beganMs: number): void {
    this.#relist.observe((this.#clock.monotonic() - beganMs) / 1000);
    if (this.#relistedMs !== undefined) this.#relistInterval.observe((beganMs - this.#relistedMs) / 1000);
    this.#relistedMs = beganMs;
  }

  orphanFound(): void {
    this.#orphans.inc();
  }

  /** By the statuses and not as it happens, as upstream (status_manager.go, recordTerminations). */
  #countEnds(status: PodStatus, before: PodStatus): void {
    for (const [field, type] of containerLists)
      for (const { name, state } of status[field] ?? []) {
        if (state?.terminated === undefined) continue;
        if (before[field]?.find((other) => other.name === name)?.state?.terminated !== undefined) continue;
        this.#terminated.with(type, String(state.terminated.exitCode), state.terminated.reason ?? '').inc();
      }
  }

  #sinceSeen({ seenMs }: Starting): number {
    return (this.#clock.monotonic() - seenMs) / 1000;
  }
}

const containerLists = [
  ['containerStatuses', 'container'],
  ['initContainerStatuses', 'init_container'],
  ['ephemeralContainerStatuses', 'ephemeral_container'],
] as const;

/** From the start of the first init container to the end of the last one, in ms. */
function initTime(statuses: readonly ContainerStatus[]): number {
  const ended = statuses.flatMap(({ state }) => state?.terminated ?? []);
  if (ended.length === 0) return 0;
  const from = Math.min(...ended.map(({ startedAt = '' }) => Date.parse(startedAt)));
  const to = Math.max(...ended.map(({ finishedAt = '' }) => Date.parse(finishedAt)));
  return to >= from ? to - from : 0;
}

/** /metrics of the agent, under the kubelet's names (pkg/kubelet/metrics/metrics.go). */
import { existsSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { exponentialBuckets, type Family, type Gauge, type Histogram, type Counter, MetricRegistry } from '../../base/metrics.ts';
import { processMetrics } from '../../base/process-metrics.ts';
import type { PodWorker } from '../pods/worker.ts';
import { PodMetrics } from './pod-metrics.ts';
import { addStandingMetrics } from './standing-metrics.ts';
import type { Container, ContainerConfig, ContainerKind, Runtime } from '../runtimes/runtime.ts';

/** Of the kubelet's histograms of operations: 5 ms to 12 minutes. */
const operationBuckets = exponentialBuckets(0.005, 2.5, 14);
/** Prometheus' own. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface KubeletMetricsOptions {
  readonly nodeName: string;
  readonly version: string;
  readonly clock: Clock;
  readonly workers: () => Iterable<PodWorker>;
}

export interface HttpRequestLabels {
  readonly method: string;
  /** First part of the path, `metrics/...` whole, `other` for what is not known. */
  readonly path: string;
  readonly longRunning: boolean;
}

export class KubeletMetrics {
  readonly #registry = new MetricRegistry();
  readonly pods: PodMetrics;
  readonly #clock: Clock;
  readonly #operations: Family<Counter>;
  readonly #operationErrors: Family<Counter>;
  readonly #operationSeconds: Family<Histogram>;
  readonly #sandboxSeconds: Family<Histogram>;
  readonly #sandboxErrors: Family<Counter>;
  readonly #startedPods: Family<Counter>;
  readonly #startedPodErrors: Family<Counter>;
  readonly #startedContainers: Family<Counter>;
  readonly #startedContainerErrors: Family<Counter>;
  readonly #requests: Family<Counter>;
  readonly #requestSeconds: Family<Histogram>;
  readonly #inflight: Family<Gauge>;
  readonly #imageVolumes: Readonly<Record<'requested' | 'succeeded' | 'failed', Family<Counter>>>;
  readonly #evictions: Family<Counter>;
  readonly #imagesCollected: Family<Counter>;
  /** Kinds of containers that are being started, by id. */
  readonly #kinds = new Map<string, ContainerKind>();

  constructor({ nodeName, version, clock, workers }: KubeletMetricsOptions) {
    const registry = this.#registry;
    this.#clock = clock;
    const operation = ['operation_type'];
    const counter = (name: string, help: string, labels: readonly string[] = []): Family<Counter> =>
      registry.counter({ name, help, labels });
    this.#operations = counter('kubelet_runtime_operations_total', 'Cumulative number of runtime operations by operation type.', operation);
    this.#operationErrors = counter(
      'kubelet_runtime_operations_errors_total',
      'Cumulative number of runtime operation errors by operation type.',
      operation,
    );
    this.#operationSeconds = registry.histogram({
      name: 'kubelet_runtime_operations_duration_seconds',
      help: 'Duration in seconds of runtime operations. Broken down by operation type.',
      labels: operation,
      buckets: operationBuckets,
    });
    this.#sandboxSeconds = registry.histogram({
      name: 'kubelet_run_podsandbox_duration_seconds',
      help: 'Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.',
      labels: ['runtime_handler'],
      buckets: requestBuckets,
    });
    this.#sandboxErrors = counter(
      'kubelet_run_podsandbox_errors_total',
      'Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.',
      ['runtime_handler'],
    );
    this.#startedPods = counter('kubelet_started_pods_total', 'Cumulative number of pods started');
    this.#startedPodErrors = counter('kubelet_started_pods_errors_total', 'Cumulative number of errors when starting pods');
    this.#startedContainers = counter('kubelet_started_containers_total', 'Cumulative number of containers started', ['container_type']);
    this.#startedContainerErrors = counter(
      'kubelet_started_containers_errors_total',
      'Cumulative number of errors when starting containers',
      ['container_type', 'code'],
    );
    const http = ['method', 'path', 'server_type', 'long_running'];
    this.#requests = counter('kubelet_http_requests_total', 'Number of the http requests received since the server started', http);
    this.#requestSeconds = registry.histogram({
      name: 'kubelet_http_requests_duration_seconds',
      help: 'Duration in seconds to serve http requests',
      labels: http,
      buckets: requestBuckets,
    });
    this.#evictions = counter('kubelet_evictions', 'Cumulative number of pod evictions by eviction signal', ['eviction_signal']);
    this.#imagesCollected = counter(
      'kubelet_image_garbage_collected_total',
      'Total number of images garbage collected by the kubelet, whether through disk usage or image age.',
      ['reason'],
    );
    this.pods = new PodMetrics(registry, clock);
    this.#inflight = registry.gauge({ name: 'kubelet_http_inflight_requests', help: 'Number of the inflight http requests', labels: http });
    this.#imageVolumes = {
      requested: registry.counter({
        name: 'kubelet_image_volume_requested_total',
        help: 'Number of requested image volumes.',
        labels: [],
        stability: 'BETA',
      }),
      succeeded: registry.counter({
        name: 'kubelet_image_volume_mounted_succeed_total',
        help: 'Number of successful image volume mounts.',
        labels: [],
        stability: 'BETA',
      }),
      failed: registry.counter({
        name: 'kubelet_image_volume_mounted_errors_total',
        help: 'Number of failed image volume mounts.',
        labels: [],
        stability: 'BETA',
      }),
    };
    for (const family of Object.values(this.#imageVolumes)) family.with().inc(0);
    this.#collect({ nodeName, version, workers });
    addStandingMetrics(registry, clock, workers);
  }

  text(): string {
    return this.#registry.text();
  }

  evicted(signal: string): void {
    this.#evictions.with(signal).inc();
  }

  imageCollected(reason: 'space' | 'age'): void {
    this.#imagesCollected.with(reason).inc();
  }

  /** A request has come; call what is answered when it is over. */
  request({ method, path, longRunning }: HttpRequestLabels): () => void {
    const values = [method, path, 'readwrite', String(longRunning)];
    const began = this.#clock.monotonic();
    this.#requests.with(...values).inc();
    this.#inflight.with(...values).add(1);
    return () => {
      this.#inflight.with(...values).add(-1);
      this.#requestSeconds.with(...values).observe((this.#clock.monotonic() - began) / 1000);
    };
  }

  /** The same runtime, each of whose operations is counted. */
  meter(runtime: Runtime): Runtime {
    const methods = new Map<PropertyKey, unknown>();
    return new Proxy(runtime, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        const known = methods.get(key);
        if (known !== undefined) return known;
        const call = value.bind(target) as (...args: unknown[]) => unknown;
        const operation = operations[String(key)];
        const method =
          key === 'mountImage'
            ? (...args: unknown[]) => this.#imageVolume(call, args)
            : operation === undefined
              ? call
              : (...args: unknown[]) => this.#timed(operation, call, args);
        methods.set(key, method);
        return method;
      },
    });
  }

  async #timed(operation: string, call: (...args: unknown[]) => unknown, args: readonly unknown[]): Promise<unknown> {
    const began = this.#clock.monotonic();
    this.#operations.with(operation).inc();
    try {
      const result = await call(...args);
      this.#done(operation, args, result);
      return result;
    } catch (error) {
      this.#operationErrors.with(operation).inc();
      this.#failed(operation, args);
      throw error;
    } finally {
      const seconds = (this.#clock.monotonic() - began) / 1000;
      this.#operationSeconds.with(operation).observe(seconds);
      if (operation === 'run_podsandbox') this.#sandboxSeconds.with('').observe(seconds);
    }
  }

  async #imageVolume(mount: (...args: unknown[]) => unknown, args: readonly unknown[]): Promise<unknown> {
    this.#imageVolumes.requested.with().inc();
    try {
      const mounted = await mount(...args);
      this.#imageVolumes.succeeded.with().inc();
      return mounted;
    } catch (error) {
      this.#imageVolumes.failed.with().inc();
      throw error;
    }
  }

  #done(operation: string, args: readonly unknown[], result: unknown): void {
    if (operation === 'run_podsandbox') this.#startedPods.with().inc();
    if (operation === 'create_container') this.#kinds.set((result as Container).id, (args[1] as ContainerConfig).kind);
    if (operation === 'start_container') this.#startedContainers.with(this.#typeOf(args[0])).inc();
  }

  #failed(operation: string, args: readonly unknown[]): void {
    if (operation === 'run_podsandbox') {
      this.#sandboxErrors.with('').inc();
      this.#startedPodErrors.with().inc();
    }
    if (operation === 'start_container') this.#startedContainerErrors.with(this.#typeOf(args[0]), 'RunContainerError').inc();
  }

  #typeOf(id: unknown): string {
    const kind = this.#kinds.get(String(id)) ?? 'main';
    this.#kinds.delete(String(id));
    return containerTypes[kind];
  }

  /** What is counted when somebody looks. */
  #collect({ nodeName, version, workers }: Omit<KubeletMetricsOptions, 'clock'>): void {
    const registry = this.#registry;
    const count = (matches: (worker: PodWorker) => boolean): number => [...workers()].filter(matches).length;
    const isStatic = (worker: PodWorker): boolean => worker.pod.metadata.annotations?.['kubernetes.io/config.source'] === 'file';
    const byStatic = (matches: (worker: PodWorker) => boolean): { labels: Record<string, string>; value: number }[] => [
      { labels: { static: '' }, value: count((worker) => matches(worker) && !isStatic(worker)) },
      { labels: { static: 'true' }, value: count((worker) => matches(worker) && isStatic(worker)) },
    ];
    const gauge = (name: string, help: string, collect: () => Iterable<{ labels?: Record<string, string>; value: number }>): void =>
      registry.collected('gauge', { name, help }, collect);
    gauge('kubelet_node_name', "The node's name. The count is always 1.", () => [{ labels: { node: nodeName }, value: 1 }]);
    gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox', () => [
      { value: count((worker) => worker.ground.sandbox !== undefined) },
    ]);
    gauge('kubelet_running_containers', 'Number of containers currently running', () => containerStates(workers()));
    gauge(
      'kubelet_active_pods',
      'The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.',
      () => byStatic((worker) => worker.active),
    );
    gauge(
      'kubelet_desired_pods',
      'The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.',
      () => byStatic(() => true),
    );
    gauge('kubelet_mirror_pods', 'The number of mirror pods the kubelet will try to create (one per admitted static pod)', () => [
      { value: count(isStatic) },
    ]);
    gauge('kubelet_managed_ephemeral_containers', 'Current number of ephemeral containers in pods managed by this kubelet.', () => [
      { value: [...workers()].reduce((sum, { pod }) => sum + (pod.spec.ephemeralContainers?.length ?? 0), 0) },
    ]);
    const withCondition = (type: string, reason?: string): number =>
      count(({ pod }) => (pod.status.conditions ?? []).some((one) => one.type === type && (reason === undefined || one.reason === reason)));
    gauge('kubelet_pod_pending_resizes', 'Number of pending resizes for pods.', () =>
      ['Deferred', 'Infeasible'].map((reason) => ({
        labels: { reason: reason.toLowerCase() },
        value: withCondition('PodResizePending', reason),
      })),
    );
    gauge('kubelet_pod_in_progress_resizes', 'Number of in-progress resizes for pods.', () => [
      { value: withCondition('PodResizeInProgress') },
    ]);
    gauge('kubelet_cgroup_version', 'cgroup version on the hosts.', () => [
      { value: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1 },
    ]);
    gauge(
      'kubelet_metrics_provider',
      "Metrics provider used by kubelet to collect container stats. Values can be 'cadvisor' and 'cri'",
      () => [{ labels: { provider: 'cadvisor' }, value: 1 }],
    );
    const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
    gauge(
      'kubernetes_build_info',
      "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
      () => [
        { labels: { major, minor, git_version: version, platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}` }, value: 1 },
      ],
    );
    processMetrics(registry);
  }
}

const containerTypes: Readonly<Record<ContainerKind, string>> = {
  main: 'container',
  init: 'init_container',
  ephemeral: 'ephemeral_container',
};

/** What the CRI calls the operations of a {@link Runtime}. */
const operations: Readonly<Record<string, string>> = {
  version: 'version',
  list: 'list_containers',
  runSandbox: 'run_podsandbox',
  inspectSandbox: 'podsandbox_status',
  stopSandbox: 'stop_podsandbox',
  removeSandbox: 'remove_podsandbox',
  createContainer: 'create_container',
  startContainer: 'start_container',
  stopContainer: 'stop_container',
  removeContainer: 'remove_container',
  inspectContainer: 'container_status',
  updateResources: 'update_container',
  exec: 'exec',
  attach: 'attach',
  stats: 'container_stats',
  imageStatus: 'image_status',
  pullImage: 'pull_image',
  listImages: 'list_images',
  removeImage: 'remove_image',
};

function containerStates(workers: Iterable<PodWorker>): { labels: Record<string, string>; value: number }[] {
  const states = new Map<string, number>();
  for (const worker of workers)
    for (const { current } of worker.records) if (current !== undefined) states.set(current.state, (states.get(current.state) ?? 0) + 1);
  return [...states].map(([state, value]) => ({ labels: { container_state: state }, value }));
}

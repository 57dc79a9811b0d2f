/** What a node does besides running its pods: eviction, image collection, the kubelet API's facts, the end of the machine. */
import type { EventRecorder } from '../client/events.ts';
import type { Lifecycle } from '../base/lifecycle.ts';
import { startNodeEviction } from './eviction/start.ts';
import type { Eviction } from './eviction/eviction.ts';
import { defaultThresholds, type EvictionTuning, noTuning, parseThresholds } from './eviction/thresholds.ts';
import { type ImageGcPolicy, startImageGc } from './gc/image-gc.ts';
import type { PulledImages } from './gc/pulled-images.ts';
import { allocatable } from './node/allocatable.ts';
import type { KnownImages } from './node/known-images.ts';
import type { Machine } from './node/machine.ts';
import { RuntimeHealth } from './node/runtime-health.ts';
import type { AgentOptions } from './options.ts';
import { usualVerification } from './pods/pull-records.ts';
import { usualLogs } from './runtimes/runtime.ts';
import type { PodDeps } from './pods/deps.ts';
import type { PodManager } from './pods/pod-manager.ts';
import type { PodWorker } from './pods/worker.ts';
import type { HealthCheck, NodeConfiguration } from './server/system-routes.ts';
import type { KubeletMetrics } from './stats/kubelet-metrics.ts';
import { readDisk } from './stats/machine-use.ts';

export interface ServicesInput {
  readonly options: AgentOptions;
  readonly deps: PodDeps;
  readonly machine: Machine;
  readonly pulled: PulledImages;
  readonly images: KnownImages;
  readonly recorder: EventRecorder;
  readonly metrics: KubeletMetrics;
  readonly managed: Promise<PodManager>;
  readonly lifecycle: Lifecycle;
  workers(): Iterable<PodWorker>;
  /** The node has something new to tell. */
  changed(): void;
}

export interface NodeServices {
  readonly eviction: Eviction | undefined;
  readonly health: RuntimeHealth;
}

export function startNodeServices(input: ServicesInput): NodeServices {
  const { options, deps, recorder, managed, pulled, lifecycle } = input;
  const eviction = startNodeEviction({ options, deps, pulled, recorder, managed, changed: () => input.changed() });
  if (eviction !== undefined) lifecycle.add(eviction);
  if (deps.runtime.real) lifecycle.add(imageGc(input));
  return { eviction, health: new RuntimeHealth(deps.runtime, deps.clock) };
}

function imageGc(input: ServicesInput): ReturnType<typeof startImageGc> {
  const { options, deps, pulled, images, recorder, metrics } = input;
  const { runtime, clock, logger, nodeName } = deps;
  return startImageGc({
    clock,
    logger,
    pulled,
    policy: imageGcPolicy(options),
    disk: async () => (runtime.imageDir === undefined ? undefined : readDisk(runtime.imageDir)),
    used: () =>
      [...input.workers()].flatMap(({ records }) =>
        records.flatMap(({ current, previous }) => [current?.imageID, previous?.imageID].filter((id) => id !== undefined)),
      ),
    images: () => runtime.listImages(),
    remove: (id) => runtime.removeImage(id),
    removed: (_, reason) => {
      metrics.imageCollected(reason);
      images.changed();
    },
    event: (reason, message) => recorder.event({ kind: 'Node', name: nodeName, uid: nodeName }, 'Warning', reason, message),
  });
}

function imageGcPolicy(options: AgentOptions): Required<ImageGcPolicy> {
  const { imageGcHighPercent = 85, imageGcLowPercent = 80, imageGcMinimumAgeMs = 120_000, imageGcMaximumAgeMs = 0 } = options;
  return {
    highPercent: imageGcHighPercent,
    lowPercent: imageGcLowPercent,
    minimumAgeMs: imageGcMinimumAgeMs,
    maximumAgeMs: imageGcMaximumAgeMs,
  };
}

/** A simulated node runs out of nothing: nothing is kept free. */
export function allocatableOf(options: AgentOptions, machine: Machine, real: boolean): Readonly<Record<string, string>> {
  const { kubeReserved = {}, systemReserved = {}, evictionHard = defaultThresholds } = options;
  return allocatable(machine.capacity, { kubeReserved, systemReserved, thresholds: real ? parseThresholds(evictionHard) : [] });
}

/** Of /healthz. */
export function healthChecks(health: () => RuntimeHealth | undefined): HealthCheck[] {
  const fine = (): void => undefined;
  const syncloop = (): void => {
    const [problem] = health()?.problems() ?? [];
    if (problem !== undefined) throw new Error(problem);
  };
  return [
    { name: 'ping', check: fine },
    { name: 'log', check: fine },
    { name: 'syncloop', check: syncloop },
  ];
}

/** Of /configz. */
export function nodeConfiguration(
  options: AgentOptions,
  { deps, port }: { readonly deps: PodDeps; readonly port: number },
): NodeConfiguration {
  const { highPercent, lowPercent, minimumAgeMs, maximumAgeMs } = imageGcPolicy(options);
  const thresholds = parseThresholds(options.evictionHard ?? defaultThresholds);
  return {
    port,
    podsDir: deps.podsDir,
    clusterDomain: deps.clusterDomain,
    clusterDNS: deps.clusterDNS,
    maxPods: options.maxPods ?? 110,
    evictionHard: Object.fromEntries(thresholds.map(({ signal, text }) => [signal, text])),
    imageGCHighThresholdPercent: highPercent,
    imageGCLowThresholdPercent: lowPercent,
    imageMinimumGCAge: seconds(minimumAgeMs),
    imageMaximumGCAge: seconds(maximumAgeMs),
    eviction: evictionFields(options.eviction ?? noTuning),
    podsPerCore: options.podsPerCore ?? 0,
    kubeReserved: options.kubeReserved ?? {},
    systemReserved: options.systemReserved ?? {},
    shutdownGracePeriod: seconds(options.shutdownGraceMs),
    shutdownGracePeriodCriticalPods: seconds(options.shutdownGraceCriticalMs),
    shutdownGracePeriodByPodPriority: (options.shutdownGraceByPriority ?? []).map(({ priority, ms }) => ({
      priority,
      shutdownGracePeriodSeconds: Math.trunc(ms / 1000),
    })),
    maxParallelImagePulls: options.maxParallelImagePulls,
    imageVerification: options.imageVerification ?? usualVerification,
    containerLogs: options.containerLogs ?? usualLogs,
    runtimeEndpoint: options.runtime === 'docker' ? `unix://${options.dockerSocket ?? '/var/run/docker.sock'}` : '',
  };
}

/** What a KubeletConfiguration says beside evictionHard. */
function evictionFields(tuning: EvictionTuning): Readonly<Record<string, unknown>> {
  const soft = parseThresholds(tuning.soft).map(({ signal, text }) => [signal, text] as const);
  const graces = Object.entries(tuning.softGraceMs).map(([signal, ms]) => [signal, seconds(ms)] as const);
  return {
    ...(soft.length === 0 ? {} : { evictionSoft: Object.fromEntries(soft) }),
    ...(graces.length === 0 ? {} : { evictionSoftGracePeriod: Object.fromEntries(graces) }),
    evictionPressureTransitionPeriod: seconds(tuning.transitionMs),
    ...(tuning.maxPodGraceMs === 0 ? {} : { evictionMaxPodGracePeriod: tuning.maxPodGraceMs / 1000 }),
    ...(Object.keys(tuning.minimumReclaim).length === 0 ? {} : { evictionMinimumReclaim: tuning.minimumReclaim }),
  };
}

/** As Go prints durations. */
function seconds(ms = 0): string {
  const whole = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours > 0 ? `${String(hours)}h` : ''}${whole >= 60 ? `${String(minutes)}m` : ''}${String(whole % 60)}s`;
}

/** Wires a node agent: registers the node, runs its pods, serves the kubelet API. */
import { mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { tryParseQuantity } from '../api/quantity.ts';
import type { CommandRunner } from '../base/command.ts';
import { systemCommands } from '../base/command.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import { createRecorder } from '../client/events.ts';
import type { EventRecorder } from '../client/events.ts';
import { createInformers } from '../client/informer-factory.ts';
import { startInformer } from '../client/informer.ts';
import { refs } from '../client/refs.ts';
import { startLocalPath } from './local-path/index.ts';
import { pulledImagesOf } from './eviction/start.ts';
import type { PulledImages } from './gc/pulled-images.ts';
import { ensureMemoryDir } from './memory-dir.ts';
import { rememberImages } from './node/known-images.ts';
import { kubeletVersion, readMachine } from './node/machine.ts';
import { gracePeriods, startNodeShutdown } from './node/shutdown.ts';
import type { Machine } from './node/machine.ts';
import { allocatableOf, healthChecks, nodeConfiguration, startNodeServices } from './node-services.ts';
import type { NodeServices } from './node-services.ts';
import { registerNode } from './node-registration.ts';
import type { AgentOptions } from './options.ts';
import type { PodDeps } from './pods/deps.ts';
import { createImagePuller } from './pods/images.ts';
import { createLeftovers } from './pods/leftovers.ts';
import { createPodLogs } from './pods/pod-logs.ts';
import { openPullRecords } from './pods/pull-records.ts';
import { startPodManager } from './pods/pod-manager.ts';
import type { PodManager } from './pods/pod-manager.ts';
import { createStatusWriter } from './pods/status-writer.ts';
import { createProbeMetrics } from './probes/metrics.ts';
import { createReferences } from './references.ts';
import { startDocker, startSim } from './runtimes/index.ts';
import type { Runtime } from './runtimes/runtime.ts';
import { KubeletMetrics } from './stats/kubelet-metrics.ts';
import type { PodMetrics } from './stats/pod-metrics.ts';
import { createClaimReader } from './volumes/claims.ts';
import { createTokens } from './volumes/tokens.ts';
import type { PodWorker } from './pods/worker.ts';
import { startKubeletServer } from './server/server.ts';

export type { AgentOptions } from './options.ts';

export interface Agent extends Running {
  /** Port of the kubelet API; 0 when it is not served. */
  readonly kubeletPort: number;
  /** The machine goes down: ends the pods, if the options give them time for it. Resolves when they have ended; `stop` comes after. */
  shutDown(): Promise<void>;
}

const nothing = { pressures: [] } as const;

/** Resolves when the node is registered. Stopping leaves containers and the Node object as they are. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const lifecycle = new Lifecycle();
  try {
    const started = await start(options, lifecycle);
    return { ...started, stop: () => lifecycle.stop(), [Symbol.asyncDispose]: () => lifecycle.stop() };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function openRuntime(options: AgentOptions, lifecycle: Lifecycle): Promise<Runtime> {
  const { clock, logger, instance, nodeName } = options;
  if (options.runtime === 'sim') return lifecycle.add(startSim({ clock }));
  if (options.runtime !== 'docker') return options.runtime;
  return lifecycle.add(
    await startDocker({
      ...{ socket: options.dockerSocket ?? '/var/run/docker.sock', clock, logger, instance, node: nodeName },
      logs: options.containerLogs,
    }),
  );
}

async function start(options: AgentOptions, lifecycle: Lifecycle): Promise<Pick<Agent, 'kubeletPort' | 'shutDown'>> {
  const { client, clock, logger, nodeName } = options;
  const recorder = lifecycle.add(createRecorder({ client, clock, logger, component: 'kubelet', host: nodeName }));
  let manager: PodManager | undefined;
  const workers = (): Iterable<PodWorker> => manager?.workers.values() ?? [];
  const metrics = new KubeletMetrics({ nodeName, version: kubeletVersion, clock, workers });
  const opened = await openRuntime(options, lifecycle);
  const runtime = opened.real ? metrics.meter(opened) : opened;
  const podsDir = join(options.dataDir, 'pods');
  if (runtime.real) await mkdir(podsDir, { recursive: true, mode: 0o750 });
  const runtimeVersion = `${runtime.scheme}://${await runtime.version()}`;
  const machine = withCapacity(
    await readMachine({ dataDir: options.dataDir, maxPods: options.maxPods ?? 110, podsPerCore: options.podsPerCore ?? 0, runtimeVersion }),
    options.capacity,
  );
  const pulled = await pulledImagesOf(options.dataDir);
  const images = rememberImages(runtime, clock);
  const room = allocatableOf(options, machine, runtime.real);
  const shared = { options, lifecycle, runtime, machine, recorder, podsDir, pulled, room };
  const { deps } = await podDeps({ ...shared, pulledOne: images.changed, metrics: metrics.pods });
  const pods =
    options.shared?.pods ??
    lifecycle.add(startInformer(refs.pods, { client, clock, logger }, { fieldSelector: `spec.nodeName=${nodeName}` }));
  const report = { node: (): void => undefined };
  const changed = (): void => report.node();
  const shutdown = lifecycle.add(
    startNodeShutdown({
      ...{ clock, logger, workers, changed, logind: options.logind, periods: gracePeriods(options) },
      event: (message) => recorder.event({ kind: 'Node', name: nodeName, uid: nodeName }, 'Normal', 'NodeShutdown', message),
    }),
  );
  const managed = startPodManager({ deps, pods, manifests: options.manifests, shuttingDown: () => shutdown.inProgress });
  managed.then(
    (started) => (manager = started),
    () => undefined,
  );
  const services: { current?: NodeServices } = {};
  const server =
    options.kubelet === undefined
      ? undefined
      : lifecycle.add(
          await startKubeletServer({
            ...options.kubelet,
            ...{ deps, pods, managed, nodeName, logger, clock, machine, metrics },
            images: images.list,
            checks: healthChecks(() => services.current?.health),
            configuration: (port) => nodeConfiguration(options, { deps, port }),
          }),
        );
  const { eviction, health } = startNodeServices({
    ...{ options, deps, machine, pulled, images, recorder, metrics, managed, lifecycle, workers, changed },
  });
  services.current = { eviction, health };
  const node = await registerNode({
    ...{ options, runtime, machine, room, images, health, recorder, lifecycle },
    kubeletPort: server?.port ?? 0,
    pressures: () => eviction?.pressures() ?? nothing.pressures,
    shuttingDown: () => shutdown.inProgress,
  });
  report.node = node.report;
  lifecycle.add(await managed);
  return { kubeletPort: server?.port ?? 0, shutDown: () => shutdown.shutDown() };
}

function withCapacity(machine: Machine, capacity: AgentOptions['capacity']): Machine {
  return capacity === undefined ? machine : { ...machine, capacity: { ...machine.capacity, ...capacity } };
}

interface DepsInput {
  readonly options: AgentOptions;
  readonly lifecycle: Lifecycle;
  readonly runtime: Runtime;
  readonly machine: Machine;
  readonly recorder: EventRecorder;
  readonly podsDir: string;
  readonly pulled: PulledImages;
  /** What pods can have of the node. */
  readonly room: Readonly<Record<string, string>>;
  readonly pulledOne: () => void;
  readonly metrics: PodMetrics;
}

async function podDeps({
  options,
  lifecycle,
  runtime,
  machine,
  recorder,
  podsDir,
  pulled,
  room,
  pulledOne,
  metrics,
}: DepsInput): Promise<{ deps: PodDeps }> {
  const { client, clock, logger } = options;
  const run: CommandRunner = (options.commands ?? systemCommands()).run;
  const informers = options.informers ?? lifecycle.add(createInformers({ client, clock, logger }));
  const services = informers.of(refs.services);
  if (options.storageDir !== undefined) {
    lifecycle.add(startLocalPath({ ...options, informers, root: options.storageDir, real: runtime.real }));
  }
  const references = options.shared?.references ?? lifecycle.add(createReferences({ client, clock, logger }));
  const deps: PodDeps = {
    runtime,
    client,
    clock,
    logger,
    recorder,
    statuses: createStatusWriter({ client, logger, clock, synced: (since) => metrics.statusSynced(since) }),
    leftovers: lifecycle.add(createLeftovers({ clock, logger, quietMs: runtime.real ? 1000 : 0 })),
    references,
    images: createImagePuller({
      runtime,
      clock,
      records: await openPullRecords({
        file: runtime.real ? join(options.dataDir, 'image-pull-records.json') : undefined,
        verification: options.imageVerification,
        images: () => runtime.listImages(),
      }),
      maxParallel: options.maxParallelImagePulls,
      pulled: ({ id, bytes }, pod, beganMs) => {
        metrics.pulled(pod, { bytes, beganMs });
        pulled.add(id, clock.now());
        pulledOne();
      },
    }),
    probeMetrics: createProbeMetrics(),
    metrics,
    tokens: createTokens(client, clock),
    claims: createClaimReader(client),
    network: options.podNetwork === undefined ? undefined : Promise.resolve(options.podNetwork),
    services: () => services.store.values(),
    servicesSynced: services.synced,
    run,
    podLogs: options.logDirs && createPodLogs(options.logDirs, logger),
    podsDir,
    memoryDir: runtime.real ? await ensureMemoryDir(join(options.dataDir, 'pods-memory'), run) : '',
    nodeName: options.nodeName,
    hostIPs: options.nodeIPs,
    clusterDNS: options.clusterDNS,
    clusterDomain: options.clusterDomain,
    machineMemory: tryParseQuantity(machine.capacity['memory'] ?? '')?.value() ?? totalmem(),
    allocatable: room,
    unsafeSysctls: options.unsafeSysctls ?? [],
    seccompDir: join(options.dataDir, 'seccomp'),
  };
  return { deps };
}

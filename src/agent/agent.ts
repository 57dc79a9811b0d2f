/** Wires a node agent: registers the node, runs its pods, serves the kubelet API. */
import { mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { tryParseQuantity } from '../api/quantity.ts';
import type { Clock } from '../base/clock.ts';
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
import type { PulledImages } from './eviction/pulled-images.ts';
import { pulledImagesOf, startNodeEviction } from './eviction/start.ts';
import { ensureMemoryDir } from './memory-dir.ts';
import { readMachine } from './node/machine.ts';
import type { Machine } from './node/machine.ts';
import { startNodeAgent } from './node/node-agent.ts';
import type { NodeFacts } from './node/node-object.ts';
import type { AgentOptions } from './options.ts';
import type { PodDeps } from './pods/deps.ts';
import { createImagePuller } from './pods/images.ts';
import { startPodManager } from './pods/pod-manager.ts';
import { createStatusWriter } from './pods/status-writer.ts';
import { createProbeMetrics } from './probes/metrics.ts';
import { createReferences } from './references.ts';
import { startDocker, startSim } from './runtimes/index.ts';
import type { Image, Runtime } from './runtimes/runtime.ts';
import { createClaimReader } from './volumes/claims.ts';
import { createTokens } from './volumes/tokens.ts';
import { startKubeletServer } from './server/server.ts';

export type { AgentOptions } from './options.ts';

export interface Agent extends Running {
  /** Port of the kubelet API; 0 when it is not served. */
  readonly kubeletPort: number;
}

const imagesMs = 5 * 60_000;
const nothing = { labels: {}, pressures: [] } as const;

/** Resolves when the node is registered. Stopping leaves containers and the Node object as they are. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const lifecycle = new Lifecycle();
  try {
    const kubeletPort = await start(options, lifecycle);
    return { kubeletPort, stop: () => lifecycle.stop(), [Symbol.asyncDispose]: () => lifecycle.stop() };
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
    await startDocker({ socket: options.dockerSocket ?? '/var/run/docker.sock', clock, logger, instance, node: nodeName }),
  );
}

async function start(options: AgentOptions, lifecycle: Lifecycle): Promise<number> {
  const { client, clock, logger, nodeName } = options;
  const recorder = lifecycle.add(createRecorder({ client, clock, logger, component: 'kubelet', host: nodeName }));
  const runtime = await openRuntime(options, lifecycle);
  const podsDir = join(options.dataDir, 'pods');
  if (runtime.real) await mkdir(podsDir, { recursive: true, mode: 0o750 });
  const runtimeVersion = `${runtime.scheme}://${await runtime.version()}`;
  const machine = withCapacity(
    await readMachine({ dataDir: options.dataDir, maxPods: options.maxPods ?? 110, runtimeVersion }),
    options.capacity,
  );
  const pulled = await pulledImagesOf(options.dataDir);
  const { deps } = await podDeps({ options, lifecycle, runtime, machine, recorder, podsDir, pulled });
  const pods =
    options.shared?.pods ??
    lifecycle.add(startInformer(refs.pods, { client, clock, logger }, { fieldSelector: `spec.nodeName=${nodeName}` }));
  const managed = startPodManager({ deps, pods });
  const server =
    options.kubelet === undefined
      ? undefined
      : lifecycle.add(await startKubeletServer({ ...options.kubelet, deps, pods, managed, nodeName, logger, clock }));
  const network = { ready: options.podNetwork === undefined || !runtime.real, failed: false };
  const images = rememberImages(runtime, clock);
  const report = { node: (): void => undefined };
  const eviction = startNodeEviction({ options, deps, pulled, recorder, managed, changed: () => report.node() });
  if (eviction !== undefined) lifecycle.add(eviction);
  const facts = async (): Promise<NodeFacts> => ({
    name: nodeName,
    ips: options.nodeIPs,
    hostname: nodeName,
    labels: options.nodeLabels ?? nothing.labels,
    machine,
    kubeletPort: server?.port ?? 0,
    images: await images(),
    starting: !network.failed,
    pressures: eviction?.pressures() ?? nothing.pressures,
    notReady: network.ready
      ? ''
      : 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:pod network is not set up yet',
  });
  const node = lifecycle.add(await startNodeAgent({ client, name: nodeName, clock, logger, facts }));
  report.node = () => void node.report().catch((error: unknown) => logger.warn({ err: error }, 'the node could not tell what it lacks'));
  if (!network.ready) {
    void Promise.resolve(options.podNetwork).then(
      async () => {
        network.ready = true;
        await node.report();
      },
      async (error: unknown) => {
        logger.error({ err: error }, 'the pod network could not be set up');
        network.failed = true;
        await node.report();
      },
    );
  }
  lifecycle.add(await managed);
  return server?.port ?? 0;
}

/** The runtime is asked for its images only now and then: no scheduling decision hangs on the last one. */
function rememberImages(runtime: Runtime, clock: Clock): () => Promise<readonly Image[]> {
  let known: { readonly at: number; readonly images: Promise<readonly Image[]> } | undefined;
  return () => {
    if (known === undefined || clock.monotonic() - known.at >= imagesMs) known = { at: clock.monotonic(), images: runtime.listImages() };
    return known.images;
  };
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
}

async function podDeps({ options, lifecycle, runtime, machine, recorder, podsDir, pulled }: DepsInput): Promise<{ deps: PodDeps }> {
  const { client, clock, logger } = options;
  const run: CommandRunner = systemCommands().run;
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
    statuses: createStatusWriter(client, logger),
    references,
    images: createImagePuller(runtime, clock, (id) => pulled.add(id)),
    probeMetrics: createProbeMetrics(),
    tokens: createTokens(client, clock),
    claims: createClaimReader(client),
    network: options.podNetwork === undefined ? undefined : Promise.resolve(options.podNetwork),
    services: () => services.store.values(),
    servicesSynced: services.synced,
    run,
    podsDir,
    memoryDir: runtime.real ? await ensureMemoryDir(join(options.dataDir, 'pods-memory'), run) : '',
    nodeName: options.nodeName,
    hostIPs: options.nodeIPs,
    clusterDNS: options.clusterDNS,
    clusterDomain: options.clusterDomain,
    machineMemory: tryParseQuantity(machine.capacity['memory'] ?? '')?.value() ?? totalmem(),
    allocatable: machine.capacity,
    seccompDir: join(options.dataDir, 'seccomp'),
  };
  return { deps };
}

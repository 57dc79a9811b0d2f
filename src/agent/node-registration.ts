/** Registers the node with the API and keeps telling what is true of it. */
import type { Lifecycle } from '../base/lifecycle.ts';
import type { EventRecorder } from '../client/events.ts';
import type { Pressure } from './eviction/thresholds.ts';
import type { KnownImages } from './node/known-images.ts';
import type { Machine } from './node/machine.ts';
import { startNodeAgent } from './node/node-agent.ts';
import type { NodeFacts } from './node/node-object.ts';
import { type RuntimeHealth, together } from './node/runtime-health.ts';
import type { AgentOptions } from './options.ts';
import type { Runtime } from './runtimes/runtime.ts';

export interface RegistrationInput {
  readonly options: AgentOptions;
  readonly runtime: Runtime;
  readonly machine: Machine;
  /** What pods can have of the machine. */
  readonly room: Readonly<Record<string, string>>;
  readonly images: KnownImages;
  readonly health: RuntimeHealth;
  readonly recorder: EventRecorder;
  readonly lifecycle: Lifecycle;
  readonly kubeletPort: number;
  pressures(): readonly Pressure[];
  /** The machine goes down. */
  shuttingDown(): boolean;
}

export interface RegisteredNode {
  /** Something has changed: the API is told soon. */
  readonly report: () => void;
}

const noLabels = {};
const noNetwork =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:pod network is not set up yet';

/** Resolves when the Node is there with a status. */
export async function registerNode(input: RegistrationInput): Promise<RegisteredNode> {
  const { options, runtime, machine, room, images, health, recorder, lifecycle } = input;
  const { client, clock, logger, nodeName } = options;
  const network = { ready: options.podNetwork === undefined || !runtime.real, failed: false };
  const handlers = runtime.real ? ['', ...(await runtime.handlers().catch(() => []))] : [];
  const facts = async (): Promise<NodeFacts> => {
    if (runtime.real) health.ask();
    const problems = [...(input.shuttingDown() ? ['node is shutting down'] : []), ...(runtime.real ? health.problems() : [])];
    return {
      name: nodeName,
      ips: options.nodeIPs,
      hostname: nodeName,
      labels: options.nodeLabels ?? noLabels,
      machine,
      allocatable: room,
      kubeletPort: input.kubeletPort,
      images: await images.list(),
      handlers,
      starting: !network.failed && problems.length === 0,
      pressures: input.pressures(),
      notReady: together([...problems, ...(network.ready ? [] : [noNetwork])]),
    };
  };
  // Simulated nodes by the thousand would write nothing but events.
  const tell = (reason: string, message: string): void => {
    if (runtime.real) recorder.event({ kind: 'Node', name: nodeName, uid: nodeName }, 'Normal', reason, message);
  };
  tell('Starting', 'Starting kubelet.');
  const node = lifecycle.add(await startNodeAgent({ client, name: nodeName, clock, logger, facts, event: tell }));
  tell('NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods');
  const report = (): void =>
    void node.report().catch((error: unknown) => logger.warn({ err: error }, 'the node could not tell what it lacks'));
  if (!network.ready) {
    Promise.resolve(options.podNetwork)
      .then(
        () => (network.ready = true),
        (error: unknown) => {
          logger.error({ err: error }, 'the pod network could not be set up');
          network.failed = true;
        },
      )
      .then(report, report);
  }
  return { report };
}

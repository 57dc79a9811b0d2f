/** The whole agent over the simulated runtime and a fake client: no file, no container, no clock but the test's. */
import type { ContainerStatus, Pod, PodCondition } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { refs } from '../../client/refs.ts';
import type { ResourceClient } from '../../client/client.ts';
import { createFakeClient, type FakeClient } from '../../client/testing/fake-client.ts';
import { startAgent, type Agent, type AgentOptions } from '../agent.ts';
import { startSim, type Sim } from '../runtimes/sim/sim-runtime.ts';
import { t0, testPod } from './pods.ts';

export interface SimAgent {
  readonly clock: FakeClock;
  readonly client: FakeClient;
  readonly runtime: Sim;
  readonly pods: ResourceClient<Pod>;
  start(): Promise<Agent>;
  /** Lets everything happen that is to happen without time passing. */
  settle(): Promise<void>;
  advance(ms: number): Promise<void>;
  create(parts?: Parameters<typeof testPod>[0]): Promise<void>;
  peek(name?: string): Pod | undefined;
  pod(name?: string): Pod;
  /** Changes the specification as the API would: with a new generation. */
  respec(spec: object, name?: string): Promise<void>;
  container(name?: string, of?: string): ContainerStatus;
  /** What the runtime calls the container. */
  id(name?: string, of?: string): string;
  exit(name: string, code: number, of?: string): Promise<void>;
  condition(type: string, of?: string): PodCondition | undefined;
  events(): [string, string][];
  reasons(): string[];
}

/** A node of 8 CPUs and 16Gi; `start` may be called again when the agent has stopped. */
export function simAgent(parts: Partial<AgentOptions> = {}): SimAgent {
  const clock = new FakeClock(t0);
  const client = createFakeClient({ clock });
  const runtime = startSim({ clock });
  const options = {
    nodeName: 'n1',
    nodeIPs: ['1.2.3.4'],
    // An agent ends, what it runs goes on.
    runtime,
    instance: 'abcdef',
    dataDir: '/nonexistent',
    clusterDNS: [],
    clusterDomain: 'cluster.local',
  } as const;
  const start = (): Promise<Agent> =>
    startAgent({ ...options, ...parts, client, clock, logger: silentLogger, capacity: { cpu: '8', memory: '16Gi' } });
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 20; round += 1) await clock.advance(0);
  };
  const advance = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await settle();
  };
  const pods = client.resource(refs.pods);
  const create = async (parts: Parameters<typeof testPod>[0] = {}): Promise<void> => {
    const { metadata, spec, status } = testPod(parts);
    const { name, annotations, labels } = metadata;
    await pods.create('ns', {
      metadata: { name, namespace: 'ns', generation: 1, ...(annotations ? { annotations } : {}), ...(labels ? { labels } : {}) },
      spec,
      status,
    });
    await settle();
  };
  const peek = (name = 'p'): Pod | undefined => client.peek(refs.pods, `ns/${name}`);
  const pod = (name = 'p'): Pod => {
    const found = peek(name);
    if (found === undefined) throw new Error(`no pod ${name}`);
    return found;
  };
  const respec = async (spec: object, name = 'p'): Promise<void> => {
    const current = pod(name);
    const { generation = 0 } = current.metadata;
    await pods.update({ ...current, metadata: { ...current.metadata, generation: generation + 1 }, spec: { ...current.spec, ...spec } });
    await settle();
  };
  const container = (name = 'web', of = 'p'): ContainerStatus => {
    const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod(of).status;
    const found = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((one) => one.name === name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found;
  };
  const id = (name = 'web', of = 'p'): string => (container(name, of).containerID ?? '').replace('sim://', '');
  const exit = async (name: string, code: number, of = 'p'): Promise<void> => {
    runtime.exit(id(name, of), code);
    await settle();
  };
  const condition = (type: string, of = 'p') => pod(of).status.conditions?.find((one) => one.type === type);
  const events = (): [string, string][] => client.all(refs.events).map(({ reason = '', message = '' }) => [reason, message]);
  const reasons = (): string[] => events().map(([reason]) => reason);
  return {
    clock,
    client,
    runtime,
    start,
    settle,
    advance,
    create,
    peek,
    pod,
    pods,
    respec,
    container,
    id,
    exit,
    condition,
    events,
    reasons,
  };
}

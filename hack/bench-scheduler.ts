/**
 * Measures the scheduler alone.
 * The API is a stub that binds at once, so what is counted is the scheduler's own work: CPU time of this thread a pod.
 */
import { commandLine, wholeNumber } from '../test/support/command-line.ts';
import type { KubeObject } from '../src/api/object.ts';
import { realClock } from '../src/base/clock.ts';
import { running } from '../src/base/lifecycle.ts';
import { silentLogger } from '../src/base/logger.ts';
import type { Client, ResourceClient, ResourceRef, WatchSink } from '../src/client/client.ts';
import { startScheduler } from '../src/scheduler/scheduler.ts';

const help = `node hack/bench-scheduler.ts [--nodes 1000] [--pods 10000] [--zones 4] [--kind plain|spread|affinity|service]
  the scheduler's processor time for each pod`;
const { values } = commandLine(help, {
  nodes: { type: 'string', default: '1000' },
  pods: { type: 'string', default: '10000' },
  kind: { type: 'string', default: 'plain' },
  zones: { type: 'string', default: '4' },
});
const nodeCount = wholeNumber('nodes', values.nodes);
const podCount = wholeNumber('pods', values.pods);

const state = { revision: 1, bound: 0, finish: (): void => undefined };
const meta = (name: string, more: object = {}): KubeObject['metadata'] => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: String((state.revision += 1)),
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...more,
});

const node = (at: number): KubeObject => {
  const name = `node-${String(at)}`;
  const labels = {
    'kubernetes.io/hostname': name,
    'topology.kubernetes.io/zone': `zone-${String(at % wholeNumber('zones', values.zones))}`,
  };
  const allocatable = { cpu: '32', memory: '256Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  return { metadata: meta(name, { labels }), spec: {}, status: { allocatable, capacity: allocatable } };
};

const selector = { matchLabels: { app: 'web' } };
const constraint = (topologyKey: string): object => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: selector,
});
const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: selector };
const specs: Record<string, object> = {
  plain: {},
  service: {},
  spread: { topologySpreadConstraints: [constraint('topology.kubernetes.io/zone'), constraint('kubernetes.io/hostname')] },
  affinity: {
    affinity: {
      podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'topology.kubernetes.io/zone', labelSelector: selector }],
      },
    },
  },
};

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f8c7b9', uid: 'rs', controller: true };
const pod = (at: number): KubeObject => ({
  metadata: meta(`web-${String(at)}`, {
    namespace: 'default',
    labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9' },
    ownerReferences: [owner],
  }),
  spec: {
    schedulerName: 'default-scheduler',
    containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '100m', memory: '128Mi' } } }],
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ],
    ...specs[values.kind],
  },
  status: { phase: 'Pending' },
});

const objects: Record<string, KubeObject[]> = {
  nodes: Array.from({ length: nodeCount }, (_, at) => node(at)),
  replicasets: [
    { metadata: meta('web-5d4f8c7b9', { namespace: 'default' }), spec: { selector: { matchLabels: { app: 'web' } } }, status: {} },
  ],
};
if (values.kind === 'plain') delete objects['replicasets'];

const sinks = new Map<string, WatchSink<KubeObject>>();
const waiting = new Map<string, KubeObject>();

/** Binds at once and lets the watch know. */
const client: Client = {
  discover: () => Promise.resolve([]),
  resource: <T>(ref: ResourceRef<T>) =>
    ({
      ref,
      list: () => Promise.resolve({ items: objects[ref.resource] ?? [], resourceVersion: String(state.revision) }),
      watch: (_options: unknown, sink: WatchSink<KubeObject>) => {
        sinks.set(ref.resource, sink);
        return Promise.resolve(running(() => undefined));
      },
      create: (_namespace: string, object: KubeObject) => Promise.resolve(object),
      createSubresource: (_namespace: string, name: string, _subresource: string, body: unknown) => {
        const old = waiting.get(name);
        if (old === undefined) throw new Error(`${name} is bound already`);
        waiting.delete(name);
        const nodeName = (body as { target: { name: string } }).target.name;
        const object = {
          ...old,
          metadata: { ...old.metadata, resourceVersion: String((state.revision += 1)) },
          spec: { ...(old['spec'] as object), nodeName },
        };
        return Promise.resolve().then(() => {
          sinks.get('pods')?.event({ type: 'MODIFIED', object });
          state.bound += 1;
          if (state.bound === podCount) state.finish();
          return object;
        });
      },
    }) as unknown as ResourceClient<T>,
};

const scheduler = startScheduler({ client, clock: realClock, logger: silentLogger });
while (!sinks.has('pods')) await new Promise((resolve) => setImmediate(resolve));
const pods = Array.from({ length: podCount }, (_, at) => pod(at));
for (const object of pods) waiting.set(object.metadata.name, object);
const done = new Promise<void>((resolve) => {
  state.finish = resolve;
});
const before = process.threadCpuUsage();
for (const object of pods) sinks.get('pods')?.event({ type: 'ADDED', object });
await done;
const used = process.threadCpuUsage(before);
const micros = (used.user + used.system) / podCount;
console.log(
  `${values.kind}: ${String(nodeCount)} nodes, ${String(podCount)} pods: ${micros.toFixed(1)} us CPU a pod, ${(1e6 / micros).toFixed(0)} pods/s`,
);
await scheduler.stop();

/**
 * Random kills of pods, nodes and the server itself while workloads of every kind roll out, scale and count. Afterwards every
 * workload must reach its specification, nothing may be orphaned, no Job may count twice, no StatefulSet may ever have two
 * pods of one name, and all must go when it is deleted.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Pod } from '../../src/api/generated/types.ts';
import { realClock } from '../../src/base/clock.ts';
import { Lifecycle } from '../../src/base/lifecycle.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Client, ResourceRef } from '../../src/client/client.ts';
import { startInformer } from '../../src/client/informer.ts';
import { refs } from '../../src/client/refs.ts';
import { clientOf } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { miscounted, orphans, type Seen, unsettled, Watchman } from './invariants.ts';
import { Random } from './random.ts';
import { type Workload, workloads } from './workloads.ts';

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly nodes: number;
  /** A node stays away for at most so long, in seconds; from 40 on its pods are evicted. */
  readonly longestOutage: number;
  readonly say: (line: string) => void;
}

export interface ChaosResult {
  readonly violations: readonly string[];
  /** How often each kind of blow was dealt. */
  readonly blows: Readonly<Record<string, number>>;
}

const namespace = 'chaos';
/** How long everything may take to settle, in ms. */
const settleMs = 240_000;

/** Rejects when something does not settle; what must never happen is in the result. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const lifecycle = new Lifecycle();
  try {
    const cluster = await startCluster(options.nodes);
    lifecycle.add({ stop: () => cluster.stop(), [Symbol.asyncDispose]: () => cluster.stop() });
    const client = lifecycle.add(clientOf(join(cluster.server.dataDir, 'kubeconfig'), 'coracle-chaos'));
    const watchman = follow(client, lifecycle);
    const made = workloads();
    await create(client, made);
    const blows = await new Storm(options, { cluster, client, made }).rage();
    options.say(`the storm is over: ${JSON.stringify(blows)}; waiting for everything to settle`);
    if (!cluster.server.up) await cluster.server.start();
    for (const node of cluster.nodes) node.start();
    await settle(cluster, client, watchman);
    options.say('everything reached its specification; deleting it');
    await removeAll(client, made);
    return { violations: [...watchman.violations, ...cluster.nodes.flatMap(({ deaths }) => deaths)], blows };
  } finally {
    await lifecycle.stop();
  }
}

function follow(client: Client, lifecycle: Lifecycle): Watchman {
  const watchman = new Watchman();
  const logger = silentLogger;
  const pods = lifecycle.add(startInformer<Pod>(refs.pods, { client, clock: realClock, logger }));
  lifecycle.add(
    pods.handle({
      add: (pod) => watchman.pod('ADDED', pod),
      update: (old, pod) => {
        if (old.metadata.uid !== pod.metadata.uid) watchman.pod('DELETED', old);
        watchman.pod('MODIFIED', pod);
      },
      delete: (pod) => watchman.pod('DELETED', pod),
    }),
  );
  const jobs = lifecycle.add(startInformer<Job>(refs.jobs, { client, clock: realClock, logger }));
  lifecycle.add(jobs.handle({ add: (job) => watchman.job(job), update: (_old, job) => watchman.job(job) }));
  return watchman;
}

async function create(client: Client, made: readonly Workload[]): Promise<void> {
  await client.resource(refs.namespaces).create('', { metadata: { name: namespace } } as never);
  for (const object of made) await client.resource(refOf(object.kind)).create(namespace, object as never);
}

const byKind: Readonly<Record<string, (typeof refs)[keyof typeof refs]>> = {
  Deployment: refs.deployments,
  ReplicaSet: refs.replicaSets,
  StatefulSet: refs.statefulSets,
  DaemonSet: refs.daemonSets,
  Job: refs.jobs,
};

function refOf(kind: string): typeof refs.deployments {
  const ref = byKind[kind];
  if (ref === undefined) throw new Error(`no workload ${kind}`);
  return ref as typeof refs.deployments;
}

interface Scene {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly made: readonly Workload[];
}

class Storm {
  readonly #options: ChaosOptions;
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #blows: Record<string, number> = {};
  readonly #outages = new Set<Promise<void>>();

  constructor(options: ChaosOptions, scene: Scene) {
    this.#options = options;
    this.#scene = scene;
    this.#random = new Random(options.seed);
  }

  async rage(): Promise<Readonly<Record<string, number>>> {
    const end = performance.now() + this.#options.seconds * 1000;
    while (performance.now() < end) {
      await pause(this.#random.between(50, 600));
      const [name, blow] = this.#choose();
      this.#blows[name] = (this.#blows[name] ?? 0) + 1;
      // The server may be away just now, or the object gone: that is what a storm is.
      await blow().catch(() => undefined);
    }
    await Promise.all(this.#outages);
    return this.#blows;
  }

  #choose(): readonly [string, () => Promise<void>] {
    const dice = this.#random.next();
    if (dice < 0.6) return ['pod deleted', () => this.#deletePod()];
    if (dice < 0.75) return ['scaled', () => this.#scale()];
    if (dice < 0.87) return ['rolled out', () => this.#rollOut()];
    if (dice < 0.94) return ['node killed', () => this.#killNode()];
    if (dice < 0.97) return ['Node object deleted', () => this.#deleteNode()];
    return ['server killed', () => this.#killServer()];
  }

  async #deletePod(): Promise<void> {
    const { items } = await this.#scene.client.resource(refs.pods).list({ namespace });
    const pod = this.#random.pick(items.filter(({ status }) => status.phase !== 'Succeeded'));
    const force = this.#random.next() < 0.3 ? { gracePeriodSeconds: 0 } : {};
    // A StatefulSet's promise ends where somebody deletes by force.
    const gentle = pod?.metadata.ownerReferences?.some(({ kind }) => kind === 'StatefulSet') === true;
    if (pod === undefined) return;
    // What has succeeded meanwhile stays: in the end it is counted.
    const { name, uid, resourceVersion = '' } = pod.metadata;
    const preconditions = { uid, resourceVersion };
    await this.#scene.client.resource(refs.pods).delete(namespace, name, { preconditions, ...(gentle ? {} : force) });
  }

  async #scale(): Promise<void> {
    const target = this.#random.pick(this.#scene.made.filter(({ spec }) => spec['replicas'] !== undefined));
    if (target === undefined) return;
    await this.#patch(target, { spec: { replicas: this.#random.between(0, 7) } });
  }

  async #rollOut(): Promise<void> {
    const target = this.#random.pick(this.#scene.made.filter(({ kind }) => kind !== 'Job' && kind !== 'ReplicaSet'));
    if (target === undefined) return;
    await this.#patch(target, { spec: { template: { metadata: { annotations: { round: String(this.#random.next()) } } } } });
  }

  async #patch({ kind, metadata }: Workload, body: object): Promise<void> {
    const type = 'application/merge-patch+json';
    await this.#scene.client.resource(refOf(kind)).patch(namespace, metadata.name, { type, body });
  }

  async #killNode(): Promise<void> {
    const node = this.#random.pick(this.#scene.cluster.nodes.filter(({ up }) => up));
    if (node === undefined || this.#scene.cluster.nodes.filter(({ up }) => up).length < 2) return;
    await node.kill();
    const longest = node === this.#scene.cluster.nodes[0] ? Math.min(10, this.#options.longestOutage) : this.#options.longestOutage;
    const outage = pause(this.#random.between(500, longest * 1000)).then(() => node.start());
    this.#outages.add(outage);
    void outage.then(() => this.#outages.delete(outage));
  }

  async #deleteNode(): Promise<void> {
    const node = this.#random.pick(this.#scene.cluster.nodes.slice(1));
    if (node !== undefined) await this.#scene.client.resource(refs.nodes).delete('', node.name);
  }

  async #killServer(): Promise<void> {
    const { server } = this.#scene.cluster;
    await server.stop('SIGKILL');
    await pause(this.#random.between(0, 2000));
    await server.start();
  }
}

async function look(client: Client, nodes: number): Promise<Seen> {
  const list = async <T>(ref: ResourceRef<T>): Promise<readonly T[]> => (await client.resource(ref).list({ namespace })).items;
  return {
    nodes,
    deployments: await list(refs.deployments),
    replicaSets: await list(refs.replicaSets),
    statefulSets: await list(refs.statefulSets),
    daemonSets: await list(refs.daemonSets),
    jobs: await list(refs.jobs),
    pods: await list(refs.pods),
  };
}

async function settle({ nodes }: Cluster, client: Client, watchman: Watchman): Promise<void> {
  await eventually(async () => {
    const seen = await look(client, nodes.length);
    const dead = nodes.flatMap(({ deaths }) => deaths);
    const wrong = [...dead, ...unsettled(seen), ...orphans(seen), ...miscounted(seen, (uid) => watchman.lost(uid))];
    if (wrong.length > 0) throw new Error(`not settled:\n${wrong.join('\n')}`);
  }, settleMs);
}

async function removeAll(client: Client, made: readonly Workload[]): Promise<void> {
  for (const { kind, metadata } of made)
    await client.resource(refOf(kind)).delete(namespace, metadata.name, { propagationPolicy: 'Background' });
  await eventually(async () => {
    const { pods, replicaSets } = await look(client, 0);
    const left = [...pods, ...replicaSets].map(({ metadata }) => metadata.name);
    if (left.length > 0) throw new Error(`left over: ${left.join(' ')}`);
  }, settleMs);
}

/** `npm run compare:scheduler`: random clusters and pods before the real kube-scheduler 1.36.3 and before ours. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CoreV1Event, Pod } from '../../src/api/generated/types.ts';
import type { Json } from '../compare/case.ts';
import { commandLine, wholeNumber } from '../support/command-line.ts';
import { startReal, type RealCluster } from './control-plane.ts';
import { judge, type State, type Verdict } from './ours.ts';
import { Dice, randomBudgets, randomNodes, randomPod } from './world.ts';

const help = `npm run compare:scheduler -- [--rounds 20] [--pods 40] [--seed 1] [--verbose]
  random clusters and pods before the real kube-scheduler 1.36.3, and what ours would have done with the same objects: the same node, or one
  that scores the same; the same words of refusal; room made on the same node by the same victims
Example: npm run compare:scheduler -- --rounds 5 --seed 7`;
const { values } = commandLine(help, {
  rounds: { type: 'string', default: '20' },
  pods: { type: 'string', default: '40' },
  seed: { type: 'string', default: '1' },
  verbose: { type: 'boolean', default: false },
});

const listed: Readonly<Record<string, string>> = {
  nodes: '/api/v1/nodes',
  pods: '/api/v1/pods',
  services: '/api/v1/services',
  namespaces: '/api/v1/namespaces',
  persistentvolumeclaims: '/api/v1/persistentvolumeclaims',
  persistentvolumes: '/api/v1/persistentvolumes',
  storageclasses: '/apis/storage.k8s.io/v1/storageclasses',
  csinodes: '/apis/storage.k8s.io/v1/csinodes',
  poddisruptionbudgets: '/apis/policy/v1/poddisruptionbudgets',
};
const namespaces = ['one', 'two'] as const;

async function must(real: RealCluster, method: string, path: string, body?: unknown): Promise<Json> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const answer = await real.send(method, path, body, type);
  if (answer.code >= 300) throw new Error(`${method} ${path}: ${String(answer.code)} ${JSON.stringify(answer.body)}`);
  return answer.body as Json;
}

async function stateOf(real: RealCluster): Promise<State> {
  const entries = Object.entries(listed).map(
    async ([name, path]) => [name, ((await must(real, 'GET', path)) as { items: unknown[] }).items] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function prepare(real: RealCluster): Promise<void> {
  for (const name of namespaces)
    await must(real, 'POST', '/api/v1/namespaces', { metadata: { name, labels: name === 'one' ? { team: 'one' } : {} } });
  const classes = { low: [-10, 'PreemptLowerPriority'], high: [1000, 'PreemptLowerPriority'], shy: [2000, 'Never'] } as const;
  for (const [name, [value, preemptionPolicy]] of Object.entries(classes))
    await must(real, 'POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value, preemptionPolicy });
  await must(real, 'POST', '/api/v1/namespaces/one/services', {
    metadata: { name: 'a' },
    spec: { selector: { app: 'a' }, ports: [{ port: 80 }] },
  });
  await must(real, 'POST', '/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'slow' }, provisioner: 'example.com/disk' });
  const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'slow', resources: { requests: { storage: '1Gi' } } };
  const claims = '/api/v1/namespaces/one/persistentvolumeclaims';
  for (const name of ['immediate', 'lost']) await must(real, 'POST', claims, { metadata: { name }, spec });
  await must(real, 'PATCH', `${claims}/lost/status`, { status: { phase: 'Lost' } });
  const zones = [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['a', 'b'] }];
  const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: zones }] } };
  await bind(real, 'bound', 'ReadWriteOnce', nodeAffinity);
  await bind(real, 'alone', 'ReadWriteOncePod');
  for (let at = 0; at < 4; at += 1) await bind(real, `few-${String(at)}`, 'ReadWriteMany');
}

/** A claim that is bound to a volume of a driver that each node takes a few of. */
async function bind(real: RealCluster, name: string, mode: string, nodeAffinity?: Json): Promise<void> {
  const common = { accessModes: [mode], storageClassName: 'slow' };
  await must(real, 'POST', '/api/v1/namespaces/one/persistentvolumeclaims', {
    metadata: { name, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    spec: { ...common, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  });
  const csi = { driver: 'example.com', volumeHandle: name };
  await must(real, 'POST', '/api/v1/persistentvolumes', {
    metadata: { name },
    spec: { ...common, capacity: { storage: '1Gi' }, csi, ...(nodeAffinity === undefined ? {} : { nodeAffinity }) },
  });
}

/** Pods that are there before the first decision, some more than a node can take. */
async function populate(real: RealCluster, dice: Dice, nodes: readonly Json[]): Promise<void> {
  for (const node of nodes) {
    await must(real, 'POST', '/api/v1/nodes', node);
    await must(real, 'PATCH', `/api/v1/nodes/${nameOf(node)}/status`, { status: node['status'] });
    const drivers = dice.chance(0.5) ? [{ name: 'example.com', nodeID: nameOf(node), allocatable: { count: dice.below(3) } }] : [];
    await must(real, 'POST', '/apis/storage.k8s.io/v1/csinodes', { metadata: { name: nameOf(node) }, spec: { drivers } });
  }
  for (const namespace of namespaces) {
    for (const budget of randomBudgets(dice)) {
      const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
      await must(real, 'POST', path, budget);
      await must(real, 'PATCH', `${path}/${nameOf(budget)}/status`, { status: budget['status'] });
    }
  }
  for (let at = 0; at < nodes.length * 2; at += 1) {
    const pod = randomPod(dice, `there-${String(at)}`);
    const namespace = dice.pick(namespaces);
    const spec = { ...withoutPorts(pod['spec'] as Json), nodeName: nameOf(dice.pick(nodes)) };
    await must(real, 'POST', `/api/v1/namespaces/${namespace}/pods`, { ...pod, spec });
    await started(real, `/api/v1/namespaces/${namespace}/pods/there-${String(at)}`, at);
  }
}

/** Pods that nobody scheduled could use a port twice; the real scheduler then forgets that it is in use as soon as one of them goes. */
function withoutPorts(spec: Json): Json {
  const containers = (spec['containers'] as Json[]).map(({ ports: _ports, ...container }) => container);
  return { ...spec, containers };
}

/** Pods that run since different times: those that do not run count as starting just now, whenever that is. */
async function started(real: RealCluster, path: string, at: number): Promise<void> {
  const startTime = new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString().replace('.000', '');
  await must(real, 'PATCH', `${path}/status`, { status: { phase: 'Running', startTime } });
}

async function clear(real: RealCluster): Promise<void> {
  for (const namespace of namespaces) await must(real, 'DELETE', `/api/v1/namespaces/${namespace}/pods`, { gracePeriodSeconds: 0 });
  for (const namespace of namespaces) await must(real, 'DELETE', `/api/v1/namespaces/${namespace}/events`);
  for (const namespace of namespaces) await must(real, 'DELETE', `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`);
  await must(real, 'DELETE', '/api/v1/nodes');
  await must(real, 'DELETE', '/apis/storage.k8s.io/v1/csinodes');
}

function nameOf(object: Json): string {
  return (object['metadata'] as { name: string }).name;
}

interface Outcome {
  readonly node: string | undefined;
  readonly message: string | undefined;
}

/** Waits for the real scheduler; with `final`, for a node. */
async function outcomeOf(real: RealCluster, path: string, final: boolean): Promise<Outcome> {
  for (let tries = 0; tries < 250; tries += 1) {
    const { spec, status } = (await must(real, 'GET', path)) as unknown as Pod;
    if (spec.nodeName !== undefined) return { node: spec.nodeName, message: undefined };
    const message = status.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False')?.message;
    if (message !== undefined && !final) return { node: undefined, message };
    await pause(20);
  }
  return { node: undefined, message: undefined };
}

async function firstRefusal(real: RealCluster, namespace: string, name: string): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3D${name}`;
  for (let tries = 0; tries < 100; tries += 1) {
    const { items } = (await must(real, 'GET', path)) as unknown as { items: CoreV1Event[] };
    const found = items.find(({ reason }) => reason === 'FailedScheduling');
    if (found !== undefined) return found.message;
    await pause(20);
  }
  return undefined;
}

/** Why real and ours differ; undefined: they do not. */
async function difference(
  real: RealCluster,
  at: { namespace: string; name: string; path: string },
  verdict: Verdict,
): Promise<string | undefined> {
  if ('nodes' in verdict) {
    const { node, message } = await outcomeOf(real, at.path, false);
    if (node !== undefined && verdict.nodes.has(node)) return undefined;
    return `real: ${node ?? message ?? 'nothing'}; ours: one of ${[...verdict.nodes].join(', ')}`;
  }
  const preempts = 'victims' in verdict;
  const { node, message } = await outcomeOf(real, at.path, preempts);
  if (!preempts) return message === verdict.message ? undefined : `real: ${node ?? message ?? 'nothing'}\n     ours: ${verdict.message}`;
  const expected = verdict.victims.get(node ?? '');
  if (expected === undefined)
    return `real: ${node ?? message ?? 'nothing'}; ours makes room on one of ${[...verdict.victims.keys()].join(', ')}`;
  const said = await firstRefusal(real, at.namespace, at.name);
  if (said !== verdict.message) return `real: ${said ?? 'nothing'}\n     ours: ${verdict.message}`;
  for (const victim of expected) {
    const [space = '', name = ''] = victim.split('/');
    const { code } = await real.send('GET', `/api/v1/namespaces/${space}/pods/${name}`);
    if (code !== 404) return `real leaves ${victim} alone; ours: ${[...expected].join(', ')} would have to go`;
  }
  return undefined;
}

interface Tally {
  placed: number;
  refused: number;
  preempted: number;
  readonly different: string[];
}

async function round(real: RealCluster, seed: number, tally: Tally): Promise<void> {
  const dice = new Dice(seed);
  await populate(real, dice, randomNodes(dice));
  await pause(300);
  for (let at = 0; at < wholeNumber('pods', values.pods); at += 1) {
    const namespace = dice.pick(namespaces);
    const name = `p-${String(at)}`;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const wanted = randomPod(dice, name);
    const state = await stateOf(real);
    const pod = (await must(real, 'POST', `/api/v1/namespaces/${namespace}/pods`, wanted)) as unknown as Pod;
    const verdict = await judge(pod, state);
    const wrong = await difference(real, { namespace, name, path }, verdict);
    if ('nodes' in verdict) tally.placed += 1;
    else if ('victims' in verdict) tally.preempted += 1;
    else tally.refused += 1;
    if (wrong !== undefined) tally.different.push(`seed ${String(seed)} pod ${String(at)}: ${wrong}`);
    if (wrong !== undefined && values.verbose) console.log(`  ${wrong}\n  ${JSON.stringify(wanted)}`);
    const current = (await must(real, 'GET', path)) as unknown as Pod;
    if (current.spec.nodeName === undefined) await must(real, 'DELETE', path, { gracePeriodSeconds: 0 });
    else await started(real, path, 1000 + at);
    await pause(20);
  }
  await clear(real);
}

await using real = await startReal(join(process.env['PEERS'] ?? join(homedir(), '.cache', 'peers'), 'bin'));
await prepare(real);
const tally: Tally = { placed: 0, refused: 0, preempted: 0, different: [] };
for (let at = 0; at < wholeNumber('rounds', values.rounds); at += 1) {
  await round(real, wholeNumber('seed', values.seed) + at, tally);
  console.log(`round ${String(at + 1)}: ${String(tally.different.length)} differences so far`);
}
for (const line of tally.different) console.log(`DIFFERENT ${line}`);
console.log(
  `${String(tally.placed)} placed, ${String(tally.refused)} refused, ${String(tally.preempted)} with room made; ${String(tally.different.length)} different`,
);
process.exitCode = tally.different.length === 0 ? 0 : 1;

/** Workloads at scale on simulated nodes: a Deployment comes up, idles, and rolls out. Coracle's own nodes, or kwok's for the real control plane. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds, residentMB } from './processes.ts';
import { row } from './statistics.ts';
import { peerKubeconfig, Target } from './target.ts';

export interface WorkloadOptions {
  readonly target: Target;
  /** All processes that count as the control plane. */
  readonly pids: readonly number[];
  readonly pods: number;
}

const deployments = '/apis/apps/v1/namespaces/scale/deployments';
const json = 'application/merge-patch+json';

interface Status {
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly updatedReplicas?: number;
  readonly replicas?: number;
}

function deployment(name: string, replicas: number): string {
  const labels = { app: name };
  const tolerations = [{ operator: 'Exists' }];
  const containers = [{ name: 'c', image: 'c:1', resources: { requests: { cpu: '10m', memory: '16Mi' } } }];
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { tolerations, containers } } },
  });
}

async function until(target: Target, name: string, done: (status: Status) => boolean): Promise<void> {
  for (const end = performance.now() + 1_800_000; performance.now() < end;) {
    const { status } = JSON.parse((await target.must('GET', `${deployments}/${name}`)).toString()) as { status: Status };
    if (done(status)) return;
    await pause(100);
  }
  throw new Error(`${target.name}: ${name} did not get there in 30 minutes`);
}

/** Needs the nodes to be there. */
export async function workloadFigures({ target, pids, pods }: WorkloadOptions): Promise<void> {
  const sum = (of: (pid: number) => number): number => pids.reduce((all, pid) => all + of(pid), 0);
  await target.must('POST', '/api/v1/namespaces', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'scale' } }));
  const timed = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const started = performance.now();
    const before = sum(cpuSeconds);
    await work();
    const cpu = (sum(cpuSeconds) - before).toFixed(1);
    row(`${target.name}: ${name}`, `${((performance.now() - started) / 1000).toFixed(1)} s, ${cpu} s of processor time`);
  };
  await timed(`${String(pods)} pods of one Deployment, Ready`, async () => {
    await target.must('POST', deployments, deployment('big', pods));
    await until(target, 'big', ({ readyReplicas }) => readyReplicas === pods);
  });
  row(`${target.name}: memory with them`, `${sum(residentMB).toFixed(0)} MB`);
  await pause(15_000);
  const before = sum(cpuSeconds);
  await pause(30_000);
  row(`${target.name}: idle CPU with them`, `${(((sum(cpuSeconds) - before) / 30) * 100).toFixed(1)} % of a core`);
  const size = Math.min(1000, pods);
  await target.must('POST', deployments, deployment('rolling', size));
  await until(target, 'rolling', ({ readyReplicas }) => readyReplicas === size);
  await timed(`rolling update of ${String(size)} pods`, async () => {
    const body = JSON.stringify({ spec: { template: { metadata: { annotations: { round: '2' } } } } });
    const patched = JSON.parse((await target.must('PATCH', `${deployments}/rolling`, body, json)).toString()) as {
      metadata: { generation: number };
    };
    const isSeen = ({ observedGeneration = 0 }: Status & { observedGeneration?: number }): boolean =>
      observedGeneration >= patched.metadata.generation;
    await until(
      target,
      'rolling',
      (status) => isSeen(status) && status.updatedReplicas === size && status.availableReplicas === size && status.replicas === size,
    );
  });
}

const peers = process.env['PEERS'] ?? join(homedir(), '.cache', 'peers');

/** Starts kwok, kube-controller-manager and kube-scheduler beside the real API server, with limits that hold nobody up. */
export async function startPeer(nodes: number): Promise<{ pids: number[]; stop(): void }> {
  const target = new Target('real', peerKubeconfig);
  const run = join(peers, 'run');
  const limits = ['--kube-api-qps=5000', '--kube-api-burst=5000'];
  const started: ChildProcess[] = [
    start('kube-controller-manager', [
      ...['--kubeconfig', peerKubeconfig, '--leader-elect=false', '--secure-port', '16257', ...limits],
      ...['--service-account-private-key-file', join(run, 'sa.key'), '--root-ca-file', join(run, 'certs', 'apiserver.crt')],
    ]),
    start('kube-scheduler', ['--kubeconfig', peerKubeconfig, '--leader-elect=false', '--secure-port', '16259', ...limits]),
  ];
  const kwok = start('kwok', [
    '--kubeconfig',
    peerKubeconfig,
    '--manage-all-nodes=true',
    '--config',
    stages(),
    '--node-lease-duration-seconds=40',
  ]);
  for (let at = 0; at < nodes; at += 1) {
    const name = `kwok-${String(at)}`;
    const status = { allocatable: { cpu: '32', memory: '256Gi', pods: '110' }, capacity: { cpu: '32', memory: '256Gi', pods: '110' } };
    const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' };
    await target.must('POST', '/api/v1/nodes', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status }));
  }
  await pause(10_000);
  const servers = ['api', 'etcd'].map((name) => Number(readFileSync(join(run, `${name}.pid`), 'utf8')));
  return {
    pids: [...servers, ...started.map(({ pid = 0 }) => pid)],
    stop: () => {
      for (const child of [...started, kwok]) child.kill();
    },
  };
}

function start(program: string, flags: readonly string[]): ChildProcess {
  return spawn(join(peers, 'bin', program), flags, { stdio: 'ignore' });
}

/** kwok's own stages: nodes and pods that are ready at once. */
function stages(): string {
  const module = spawnSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).stdout.trim();
  const folder = join(module, 'sigs.k8s.io', 'kwok@v0.7.0', 'kustomize', 'stage');
  const files = ['node/fast', 'node/heartbeat-with-lease', 'pod/fast'].flatMap((part) =>
    readdirSync(join(folder, part))
      .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
      .map((name) => readFileSync(join(folder, part, name), 'utf8')),
  );
  const path = join(tmpdir(), 'coracle-bench-stages.yaml');
  writeFileSync(path, files.join('\n---\n'));
  return path;
}

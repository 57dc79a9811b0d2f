/** Pods on Docker: how fast they come and go, what the agent's process costs meanwhile. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoracleProcess } from '../../test/support/coracle.ts';
import { entry } from '../../test/support/coracle.ts';
import { eventually } from '../../test/support/eventually.ts';
import { importImages } from '../../test/support/image.ts';
import { Kubectl } from '../../test/support/kubectl.ts';
import { cpuSeconds, residentMB } from './processes.ts';
import { row } from './statistics.ts';
import { streamFigures } from './node-streams.ts';
import { peerKubeconfig } from './target.ts';

const seconds = async (action: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1000;
};

interface PodFigures {
  readonly oneMore: number;
  readonly fortyMore: number;
  readonly deleted: number;
}

const show = (name: string, seconds: number, peer?: number): void =>
  row(
    name,
    `${seconds.toFixed(2)} s${peer === undefined ? '' : ` (the real one ${peer.toFixed(2)} s, ratio ${(seconds / peer).toFixed(2)})`}`,
  );

/** Seconds that pods take to come and go, on whatever node the cluster has; `full` runs while there are 47. */
async function podFigures(kubectl: Kubectl, full: () => Promise<void>): Promise<PodFigures> {
  await kubectl.run(
    'create',
    'deployment',
    'idle',
    '--image=coracle.test/web:v1',
    '--replicas=6',
    '--',
    '/bin/sh',
    '-c',
    'trap "exit 0" TERM; sleep 1000000 & wait',
  );
  const ready = async (count: number): Promise<void> => {
    await kubectl.run('wait', 'deployment/idle', `--for=jsonpath={.status.readyReplicas}=${String(count)}`, '--timeout=120s');
  };
  const scale = (count: number): Promise<string> => kubectl.run('scale', 'deployment/idle', `--replicas=${String(count)}`);
  await ready(6);
  const scaled = async (count: number): Promise<void> => void (await Promise.all([ready(count), scale(count)]));
  const oneMore = await seconds(() => scaled(7));
  const fortyMore = await seconds(() => scaled(47));
  await full();
  const gone = async (): Promise<void> => {
    await scale(0);
    await eventually(async () => {
      const names = await kubectl.run('get', 'pods', '-l', 'app=idle', '-o', 'name');
      if (names !== '') throw new Error('pods are left');
    }, 120_000);
  };
  return { oneMore, fortyMore, deleted: await seconds(gone) };
}

/**
 * The same on the real kubelet with containerd (../shared/peers/node.sh, beside a control plane that is up with its controllers).
 * It removes empty control groups of pods it does not know: nothing else may run pods on this machine meanwhile.
 */
export async function peerNodeFigures(): Promise<PodFigures> {
  const peers = process.env['PEERS'] ?? join(process.env['HOME'] ?? '', '.cache', 'peers');
  const script = join(import.meta.dirname, '..', '..', '..', 'shared', 'peers', 'node.sh');
  const shell = (text: string): void => {
    const { status } = spawnSync('bash', ['-c', text], { stdio: 'inherit' });
    if (status !== 0) throw new Error(`${text} ended with ${String(status)}`);
  };
  importImages([{ name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  const kubectl = new Kubectl(peerKubeconfig);
  shell(`'${script}' up`);
  try {
    for (const image of ['coracle.test/web:v1', 'registry.k8s.io/pause:3.10.2'])
      shell(`docker save '${image}' | ctr -a '${peers}/node/containerd.sock' -n k8s.io images import -`);
    await kubectl.run('wait', 'node', '--all', '--for=condition=Ready', '--timeout=60s');
    const figures = await podFigures(kubectl, async () => undefined);
    await kubectl.run('delete', 'deployment', 'idle');
    return figures;
  } finally {
    shell(`'${script}' down`);
  }
}

export async function nodeFigures(coracle: CoracleProcess, peer?: PodFigures): Promise<void> {
  importImages([{ name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  await coracle.start();
  try {
    const { oneMore, fortyMore, deleted } = await podFigures(coracle.kubectl, async () => {
      row('coracle: memory with 47 pods', `${residentMB(coracle.pid).toFixed(0)} MB`);
      const before = cpuSeconds(coracle.pid);
      const idle = await seconds(() => new Promise((resolve) => setTimeout(resolve, 20_000)));
      row('coracle: CPU with 47 idle pods', `${(((cpuSeconds(coracle.pid) - before) / idle) * 100).toFixed(1)} % of a core`);
    });
    show('coracle: one replica more, Ready', oneMore, peer?.oneMore);
    show('coracle: 40 more, all Ready', fortyMore, peer?.fortyMore);
    show('coracle: 47 deleted', deleted, peer?.deleted);
    await streamFigures(coracle);
  } finally {
    await coracle.stop();
    coracle.command('reset');
  }
}

/** What a joined agent needs by itself: with no pod, and what each pod adds. `coracle` must run no node of its own. */
export async function agentFigures(coracle: CoracleProcess): Promise<void> {
  await coracle.start();
  const { kubectl } = coracle;
  const dataDir = mkdtempSync(join(tmpdir(), 'coracle-bench-agent-'));
  const url = (await kubectl.json<{ clusters: [{ cluster: { server: string } }] }>('config', 'view')).clusters[0].cluster.server;
  const agent = spawn(
    process.execPath,
    [
      ...[entry, 'agent', '--server', url, '--token-file', join(coracle.dataDir, 'token'), '--data-dir', dataDir],
      ...['--kubelet-port', '0', '--runtime', 'docker', '--no-setup'],
    ],
    { stdio: 'ignore' },
  );
  try {
    await eventually(() => kubectl.run('wait', 'node', '--all', '--for=condition=Ready', '--timeout=10s'), 60_000);
    // What the start has left is given back at the first quiet look, at most a minute later.
    await new Promise((resolve) => setTimeout(resolve, 65_000));
    const empty = residentMB(agent.pid ?? 0);
    await kubectl.run('create', 'deployment', 'idle', '--image=coracle.test/web:v1', '--replicas=50', '--', '/bin/sleep', '1000000');
    await kubectl.run('wait', 'deployment/idle', '--for=jsonpath={.status.readyReplicas}=50', '--timeout=180s');
    await new Promise((resolve) => setTimeout(resolve, 65_000));
    const full = residentMB(agent.pid ?? 0);
    row('coracle agent alone: memory', `${empty.toFixed(0)} MB, with 50 pods ${full.toFixed(0)} MB`);
  } finally {
    agent.kill('SIGINT');
    await new Promise((resolve) => agent.once('exit', resolve));
    spawnSync(process.execPath, [entry, 'reset', '--data-dir', dataDir]);
    rmSync(dataDir, { recursive: true, force: true });
    await coracle.stop();
    coracle.command('reset');
  }
}

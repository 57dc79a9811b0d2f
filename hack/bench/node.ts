/** Pods on Docker: how fast they come and go, what the agent's process costs meanwhile. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoracleProcess } from '../../test/support/coracle.ts';
import { entry } from '../../test/support/coracle.ts';
import { eventually } from '../../test/support/eventually.ts';
import { importImages } from '../../test/support/image.ts';
import { cpuSeconds, residentMB } from './processes.ts';
import { row } from './statistics.ts';
import { streamFigures } from './node-streams.ts';

const seconds = async (action: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1000;
};

export async function nodeFigures(coracle: CoracleProcess): Promise<void> {
  importImages([{ name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  await coracle.start();
  const { kubectl } = coracle;
  try {
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
    row('coracle: one replica more, Ready', `${(await seconds(() => scaled(7))).toFixed(2)} s`);
    row('coracle: 40 more, all Ready', `${(await seconds(() => scaled(47))).toFixed(2)} s`);
    const memory = residentMB(coracle.pid);
    row('coracle: memory with 47 pods', `${memory.toFixed(0)} MB`);
    const before = cpuSeconds(coracle.pid);
    const idle = await seconds(() => new Promise((resolve) => setTimeout(resolve, 20_000)));
    row('coracle: CPU with 47 idle pods', `${(((cpuSeconds(coracle.pid) - before) / idle) * 100).toFixed(1)} % of a core`);
    const gone = async (): Promise<void> => {
      await scale(0);
      await eventually(async () => {
        const names = await kubectl.run('get', 'pods', '-o', 'name');
        if (names !== '') throw new Error('pods are left');
      }, 120_000);
    };
    row('coracle: 47 deleted', `${(await seconds(gone)).toFixed(2)} s`);
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
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const empty = residentMB(agent.pid ?? 0);
    await kubectl.run('create', 'deployment', 'idle', '--image=coracle.test/web:v1', '--replicas=50', '--', '/bin/sleep', '1000000');
    await kubectl.run('wait', 'deployment/idle', '--for=jsonpath={.status.readyReplicas}=50', '--timeout=180s');
    await new Promise((resolve) => setTimeout(resolve, 20_000));
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

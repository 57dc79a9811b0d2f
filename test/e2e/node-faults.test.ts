/**
 * What goes wrong around a node: its engine hangs, stops and comes back, the API server goes away, the disk fills up, clients
 * vanish. The node is a joined agent on a Docker Engine of the test's own. Needs root and Docker.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ContainerStatus, Node, Pod } from '../../src/api/generated/types.ts';
import { CoracleProcess, entry, freePort } from '../support/coracle.ts';
import { OwnDockerd } from '../support/dockerd.ts';
import { eventually } from '../support/eventually.ts';
import { importImages } from '../support/image.ts';

/** Small enough to be filled. */
const dataDir = mkdtempSync(join(tmpdir(), 'coracle-faults-'));
const dockerd = new OwnDockerd();
const serverLog: string[] = [];
let server: CoracleProcess;
let agent: ChildProcess;
let url: string;
const kubectl = (...args: string[]): Promise<string> => server.kubectl.run(...args);

const pod = (name: string, script: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: coracle.test/web:v1
    command: [/bin/sh, -c, ${JSON.stringify(script)}]
`;

function startAgent(): Promise<void> {
  serverLog.length = 0;
  agent = spawn(
    process.execPath,
    [
      ...[entry, 'agent', '--server', url, '--data-dir', dataDir, '--node-name', 'worker', '--token-file', join(server.dataDir, 'token')],
      ...['--kubelet-port', '0', '--runtime', 'docker', '--docker', dockerd.socket, '--no-setup'],
      // So that the fill level of this machine does not matter, only that of the small disk.
      ...['--eviction-hard', 'memory.available<10Mi,nodefs.available<20%'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      serverLog.push(chunk.toString());
      if (serverLog.join('').includes('is registered')) resolve();
    };
    agent.stdout?.on('data', take);
    agent.stderr?.on('data', take);
    agent.on('exit', (code) => reject(new Error(`the agent ended with ${String(code)}: ${serverLog.join('')}`)));
  });
}

/** kill -9, at whatever it is doing. */
async function killAgent(): Promise<void> {
  agent.removeAllListeners('exit');
  const ended = once(agent, 'exit');
  agent.kill('SIGKILL');
  await ended;
}

const status = async (name: string): Promise<ContainerStatus | undefined> =>
  (await server.kubectl.json<Pod>('get', 'pod', name)).status.containerStatuses?.[0];

/** Node condition as `STATUS message`. */
async function condition(type: string): Promise<string> {
  const node = await server.kubectl.json<Node>('get', 'node', 'worker');
  const found = node.status.conditions?.find((candidate) => candidate.type === type);
  return `${found?.status ?? ''} ${found?.message ?? ''}`;
}

/** First process of a pod's container, as this machine numbers it. */
function pidOf(name: string): number {
  const label = `label=io.kubernetes.pod.name=${name}`;
  const [id = ''] = dockerd.docker('ps', '-q', '--filter', label, '--filter', 'label=io.kubernetes.container.name=main').stdout.split('\n');
  return Number(dockerd.docker('inspect', '-f', '{{.State.Pid}}', id).stdout);
}

/** Processes whose command line holds the text. */
function running(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return (
          pid > 0 &&
          pid !== process.pid &&
          readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
            .split('\0')
            .includes(text)
        );
      } catch {
        return false;
      }
    });
}

beforeAll(async () => {
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', dataDir]);
  await dockerd.start();
  importImages([{ name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }], dockerd.socket);
  const port = String(await freePort());
  server = new CoracleProcess([
    ...['--https-listen-port', port, '--disable-agent', '--no-setup'],
    ...['--cluster-cidr', '10.164.0.0/16,fd42:4::/56', '--service-cidr', '10.165.0.0/16,fd43:4::/112'],
  ]);
  await server.start();
  url = `https://127.0.0.1:${port}`;
  await startAgent();
  await server.kubectl.runWith(pod('calm', 'trap "exit 0" TERM; sleep 1000000 & wait'), 'apply', '-f', '-');
  await kubectl('wait', 'pod/calm', '--for=condition=Ready', '--timeout=90s');
}, 180_000);

afterAll(async () => {
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.removeAllListeners('exit').once('exit', () => undefined);
  const closed = new Promise((resolve) => agent.once('close', resolve));
  agent.kill('SIGINT');
  await Promise.race([ended, closed]);
  await server.stop();
  server.command('reset');
  spawnSync(process.execPath, [entry, 'reset', '--data-dir', dataDir, '--docker', dockerd.socket]);
  await dockerd.remove();
  spawnSync('umount', ['--lazy', dataDir]);
  rmSync(dataDir, { recursive: true, force: true });
}, 120_000);

test('a client of exec that vanishes leaves no process behind', async () => {
  const client = server.kubectl.start('exec', '-i', 'calm', '--', '/bin/sleep', '98765');
  await eventually(
    () =>
      expect(running('/bin/sleep').some((pid) => readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').startsWith('/bin/sleep'))).toBe(true),
    20_000,
  );
  await eventually(() => expect(running('98765').length).toBeGreaterThan(1), 20_000);
  client.kill('SIGKILL');
  await eventually(() => expect(running('98765')).toEqual([]), 20_000);
}, 60_000);

test('10,000 lines a second are followed without losing one', async () => {
  const script =
    'i=0; while [ $i -lt 30 ]; do j=0; t=""; while [ $j -lt 100 ]; do t="$t$i-$j\\n"; j=$((j+1)); done; k=0; while [ $k -lt 10 ]; do printf "$t"; k=$((k+1)); done; i=$((i+1)); done; sleep 2; exit 0';
  await server.kubectl.runWith(`${pod('talker', script)}  restartPolicy: Never\n`, 'apply', '-f', '-');
  await eventually(async () => expect(await status('talker')).toBeDefined(), 30_000);
  await eventually(async () => expect((await server.kubectl.json<Pod>('get', 'pod', 'talker')).status.phase).not.toBe('Pending'), 60_000);
  const said = await kubectl('logs', '-f', 'talker');
  const lines = said.trimEnd().split('\n');
  expect(lines).toHaveLength(30_000);
  expect([lines[0], lines.at(-1)]).toEqual(['0-0', '29-99']);
}, 120_000);

test('an agent that is killed again and again while pods start restarts none, loses none and doubles none', async () => {
  const before = pidOf('calm');
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `many-${name}`);
  for (const [at, name] of names.entries()) {
    await server.kubectl.runWith(pod(name, 'sleep 1000000'), 'apply', '-f', '-');
    if (at % 2 === 1) continue;
    // Anywhere between a pod it has just seen and containers that run.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 800));
    await killAgent();
    await startAgent();
  }
  for (const name of names) await kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=90s');
  for (const name of names) expect(await status(name)).toMatchObject({ restartCount: 0, ready: true });
  const containers = dockerd.docker(
    'ps',
    '--filter',
    'label=io.kubernetes.container.name=main',
    '--format',
    '{{.Label "io.kubernetes.pod.name"}}',
  );
  expect(containers.stdout.trim().split('\n').toSorted()).toEqual(expect.arrayContaining(names));
  expect(containers.stdout.match(/many-/g)).toHaveLength(names.length);
  expect(pidOf('calm')).toBe(before);
  await kubectl('delete', 'pod', ...names);
}, 240_000);

test('a first process that ignores signals is ended when its grace is over', async () => {
  const stubborn = pod('stubborn', 'trap "" TERM INT HUP; while true; do sleep 1; done').replace('Seconds: 0', 'Seconds: 3');
  await server.kubectl.runWith(stubborn, 'apply', '-f', '-');
  await kubectl('wait', 'pod/stubborn', '--for=condition=Ready', '--timeout=60s');
  const process = pidOf('stubborn');
  const asked = Date.now();
  await kubectl('delete', 'pod', 'stubborn', '--timeout=60s');
  expect(Date.now() - asked).toBeGreaterThan(2500);
  expect(existsSync(`/proc/${String(process)}`)).toBe(false);
}, 150_000);

test('while the API server is away containers go on and are started again; the status catches up', async () => {
  await server.stop('SIGKILL');
  const before = pidOf('calm');
  process.kill(before, 'SIGKILL');
  await eventually(() => expect([before, 0, NaN]).not.toContain(pidOf('calm')), 30_000);
  await server.start();
  await eventually(async () => expect(await status('calm')).toMatchObject({ restartCount: 1, ready: true }), 60_000);
}, 150_000);

test('an engine that hangs makes the node not ready, and nothing is restarted for it', async () => {
  const before = pidOf('calm');
  dockerd.signal('SIGSTOP');
  try {
    await eventually(async () => expect(await condition('Ready')).toContain('False container runtime is down'), 90_000);
  } finally {
    dockerd.signal('SIGCONT');
  }
  await eventually(async () => expect(await condition('Ready')).toContain('True'), 60_000);
  expect(pidOf('calm')).toBe(before);
  expect(await status('calm')).toMatchObject({ restartCount: 1 });
}, 200_000);

test('an engine that stops and comes back finds its containers; what ended meanwhile is started again', async () => {
  await server.kubectl.runWith(pod('other', 'sleep 1000000'), 'apply', '-f', '-');
  await kubectl('wait', 'pod/other', '--for=condition=Ready', '--timeout=60s');
  const [calm, other] = [pidOf('calm'), pidOf('other')];
  await dockerd.stop();
  process.kill(other, 'SIGKILL');
  await dockerd.start();
  await eventually(async () => expect(await status('other')).toMatchObject({ restartCount: 1, ready: true }), 60_000);
  expect(pidOf('calm')).toBe(calm);
  expect(await kubectl('exec', 'calm', '--', 'echo', 'here')).toBe('here\n');
}, 150_000);

test('a disk that is full is told, and the node goes on', async () => {
  const ballast = join(dataDir, 'ballast');
  writeFileSync(ballast, Buffer.alloc(56 << 20));
  try {
    await eventually(async () => expect(await condition('DiskPressure')).toContain('True kubelet has disk pressure'), 60_000);
    const node = await server.kubectl.json<Node>('get', 'node', 'worker');
    await eventually(async () =>
      expect((await server.kubectl.json<Node>('get', 'node', 'worker')).spec.taints).toContainEqual(
        expect.objectContaining({ key: 'node.kubernetes.io/disk-pressure' }),
      ),
    );
    expect(node.metadata.name).toBe('worker');
  } finally {
    unlinkSync(ballast);
  }
  expect(await condition('Ready')).toContain('True');
}, 120_000);

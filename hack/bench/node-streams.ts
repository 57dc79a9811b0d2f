/** exec and logs through the API server, beside what Docker alone takes. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { execContainer } from '../../src/agent/runtimes/docker/sessions.ts';
import { createEngine } from '../../src/agent/runtimes/docker/engine.ts';
import type { CoracleProcess } from '../../test/support/coracle.ts';
import { eventually } from '../../test/support/eventually.ts';
import { cpuSeconds } from './processes.ts';
import { median, row } from './statistics.ts';
import { Target } from './target.ts';

const socket = '/var/run/docker.sock';
const times = 20;
const lines = 300_000;

/** Writes lines of 100 bytes, then stays. */
const writer = `const l=("x".repeat(99)+"\\n").repeat(100);let n=0;const w=()=>{while(n<${String(lines / 100)}){n++;if(!process.stdout.write(l))return void process.stdout.once("drain",w)}setInterval(()=>0,1e6)};w()`;

async function milliseconds(action: () => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const started = performance.now();
    await action();
    all.push(performance.now() - started);
  }
  return median(all);
}

/** The server must run, on Docker. */
export async function streamFigures(coracle: CoracleProcess): Promise<void> {
  const { kubectl } = coracle;
  await kubectl.run('run', 'writer', '--image=coracle.test/web:v1', '--grace-period=0', '--command', '--', '/bin/node', '-e', writer);
  await kubectl.run('wait', 'pod/writer', '--for=condition=Ready', '--timeout=60s');
  const target = new Target('coracle', join(coracle.dataDir, 'kubeconfig'));
  const log = (query: string): Promise<Buffer> => target.must('GET', `/api/v1/namespaces/default/pods/writer/log?${query}`);
  // Docker keeps the last 50 MB of its own form of it.
  await eventually(async () => {
    const before = (await log('')).length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (before === 0 || (await log('')).length !== before) throw new Error('it still writes');
  }, 60_000);
  const rates: number[] = [];
  const cpu = cpuSeconds(coracle.pid);
  let bytes = 0;
  for (let at = 0; at < 5; at += 1) {
    const started = performance.now();
    const { length } = await log('');
    rates.push(length / 1000 / (performance.now() - started));
    bytes += length;
  }
  row(
    'coracle: log',
    `${median(rates).toFixed(0)} MB/s, ${(((cpuSeconds(coracle.pid) - cpu) * 1000) / (bytes / 1e6)).toFixed(1)} ms CPU a MB`,
  );
  const exec = await milliseconds(() => execOnce(target, 'writer'));
  const engine = createEngine(socket);
  const filters = ['pod.name=writer', 'container.name=writer'].flatMap((name) => ['--filter', `label=io.kubernetes.${name}`]);
  const id = spawnSync('docker', ['ps', '--quiet', ...filters], { encoding: 'utf8' }).stdout.trim();
  const alone = await milliseconds(async () => {
    const options = { stdin: false, stdout: true, stderr: true, tty: false };
    const session = await execContainer(engine, { id, command: ['/bin/true'], options });
    session.stdout?.resume();
    session.stderr?.resume();
    await session.exited;
  });
  engine.close();
  row('coracle: exec of true', `${exec.toFixed(0)} ms (Docker alone ${alone.toFixed(0)} ms)`);
  await kubectl.run('delete', 'pod', 'writer', '--grace-period=0', '--force');
}

function execOnce(target: Target, pod: string): Promise<void> {
  const { hostname, port, ca, cert, key, rejectUnauthorized, headers } = target.connection;
  const query = 'command=/bin/true&stdout=true&stderr=true';
  const url = `wss://${String(hostname)}:${String(port)}/api/v1/namespaces/default/pods/${pod}/exec?${query}`;
  const websocket = new WebSocket(url, 'v5.channel.k8s.io', { ca, cert, key, rejectUnauthorized, headers });
  return new Promise((resolve, reject) => {
    websocket.on('error', reject);
    websocket.on('close', () => resolve());
  });
}

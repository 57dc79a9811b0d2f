/**
 * Several nodes on one machine, each in a network namespace of its own with a dockerd of its own: a server on the first, agents on
 * the others. Needs root and a dockerd that answers (its images are shared). Everything outlives the process that made it: what
 * is needed to go on is in the bed's folder.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { entry } from '../support/coracle.ts';
import { nodeFlags } from '../../hack/runtime.mjs';
import { eventually } from '../support/eventually.ts';
import { Kubectl } from '../support/kubectl.ts';
import { linkImages, loadImages } from './images.ts';
import type { BedShape, NodePlace } from './plan.ts';
import { cabling, fabricNamespace, hostDevice, nodePlaces } from './plan.ts';

export interface BedOptions {
  readonly count: number;
  /** Beds of different names stand side by side. Lower case, short. */
  readonly name?: string;
  readonly routed?: boolean;
  /** More flags for the server. */
  readonly serverFlags?: readonly string[];
  /** More flags for the server and the agents. */
  readonly nodeFlags?: readonly string[];
}

interface BedState {
  readonly shape: BedShape;
  readonly serverFlags: readonly string[];
  readonly nodeFlags: readonly string[];
}

const baseDir = '/tmp/coracle-nodes';

export class NodeBed {
  readonly dir: string;
  readonly #state: BedState;

  private constructor(dir: string, state: BedState) {
    this.dir = dir;
    this.#state = state;
  }

  /** Makes the bed and resolves when every node is Ready; on failure nothing is left. */
  static async up(options: BedOptions): Promise<NodeBed> {
    const name = options.name ?? 'bed';
    const dir = join(baseDir, name);
    if (existsSync(dir)) throw new Error(`there is a bed in ${dir}: take it down first`);
    const shape = { name, count: options.count, routed: options.routed ?? false, subnet: freeSubnet() };
    const bed = new NodeBed(dir, { shape, serverFlags: options.serverFlags ?? [], nodeFlags: options.nodeFlags ?? [] });
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, 'bed.json'), JSON.stringify(bed.#state));
    // A bundle of its own: another may be built while this one runs.
    cpSync(dirname(entry), join(dir, 'program'), { recursive: true });
    try {
      bed.#cable();
      await Promise.all(bed.nodes.map((node) => bed.#startDockerd(node)));
      for (const [i, node] of bed.nodes.entries()) if (i === 0) await bed.start(node.name);
      await Promise.all(bed.nodes.slice(1).map((node) => bed.start(node.name)));
      await bed.kubectl.run('wait', 'nodes', '--all', '--for=condition=Ready', '--timeout=60s');
    } catch (error) {
      await bed.down();
      throw error;
    }
    return bed;
  }

  /** A bed that an earlier process made; undefined when there is none of this name. */
  static find(name = 'bed'): NodeBed | undefined {
    const dir = join(baseDir, name);
    const file = join(dir, 'bed.json');
    return existsSync(file) ? new NodeBed(dir, JSON.parse(readFileSync(file, 'utf8')) as BedState) : undefined;
  }

  get nodes(): readonly NodePlace[] {
    return nodePlaces(this.#state.shape);
  }

  node(name: string): NodePlace {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}: there are ${this.nodes.map((node) => node.name).join(', ')}`);
    return found;
  }

  get kubeconfig(): string {
    return join(this.dir, 'kubeconfig');
  }

  get kubectl(): Kubectl {
    return new Kubectl(this.kubeconfig);
  }

  dockerSocket(name: string): string {
    return join(this.dir, name, 'docker.sock');
  }

  dataDir(name: string): string {
    return join(this.dir, name, 'data');
  }

  /** What the node's process wrote since the bed was made. */
  log(name: string): string {
    return readFileSync(join(this.dir, name, 'coracle.log'), 'utf8');
  }

  /** Runs a program in a node's network to its end; answers its standard output. */
  run(name: string, ...command: string[]): string {
    return inNamespace(this.node(name).namespace, command);
  }

  /** The same in the fabric, where the router is. */
  runInFabric(...command: string[]): string {
    return inNamespace(fabricNamespace(this.#state.shape), command);
  }

  /** Starts a program in the fabric; the caller owns the process. */
  startInFabric(...command: string[]): ChildProcess {
    const namespace = `--net=/run/netns/${fabricNamespace(this.#state.shape)}`;
    return spawn('nsenter', [namespace, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** Starts a node's Coracle; resolves when it says that it is ready. */
  async start(name: string): Promise<void> {
    const node = this.node(name);
    const log = join(this.dir, name, 'coracle.log');
    const before = existsSync(log) ? readFileSync(log, 'utf8').length : 0;
    const isServer = name === 'n1';
    const flags = [
      ...[isServer ? 'server' : 'agent', '--data-dir', this.dataDir(name), '--node-name', name, '--node-ip', node.ips.join(',')],
      ...['--docker', this.dockerSocket(name), '--runtime', 'docker', '--no-setup', ...this.#state.nodeFlags],
      ...(isServer ? this.#state.serverFlags : ['--server', this.#server, '--token-file', join(this.dataDir('n1'), 'token')]),
    ];
    const child = inNode(node, [process.execPath, ...nodeFlags, this.#entry, ...flags], log);
    writeFileSync(this.#pidFile(name), String(child.pid ?? 0));
    let ended = false;
    child.on('exit', () => (ended = true));
    await eventually(() => {
      const output = readFileSync(log, 'utf8').slice(before);
      if (ended) throw new Error(`coracle on ${name} ended before it was ready:\n${output}`);
      if (!/export KUBECONFIG=|is registered/.test(output)) throw new Error(`coracle on ${name} is not ready in time:\n${output}`);
    }, 60_000);
    if (isServer) this.#writeKubeconfig();
  }

  /** Ends a node's Coracle; its containers go on. */
  async stop(name: string, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await endProcess(this.#pidFile(name), signal);
  }

  /** Removes everything; fine after a failure half-way. Answers what could not be removed. */
  async down(): Promise<string[]> {
    await Promise.all(this.nodes.map((node) => this.#takeDown(node)));
    const namespaces = [...this.nodes.map((node) => node.namespace), fabricNamespace(this.#state.shape)];
    for (const namespace of namespaces) spawnSync('ip', ['netns', 'del', namespace]);
    spawnSync('ip', ['link', 'del', hostDevice(this.#state.shape)]);
    for (const mount of mountsBelow(this.dir)) spawnSync('umount', ['--lazy', mount]);
    rmSync(this.dir, { recursive: true, force: true });
    const left = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout;
    return namespaces.filter((namespace) => new RegExp(`^${namespace}( |$)`, 'm').test(left));
  }

  get #entry(): string {
    return join(this.dir, 'program', basename(entry));
  }

  get #server(): string {
    return `https://${this.node('n1').ips[0]}:6443`;
  }

  #pidFile(name: string): string {
    return join(this.dir, name, 'coracle.pid');
  }

  #cable(): void {
    const { shape } = this.#state;
    const fabric = fabricNamespace(shape);
    for (const namespace of [fabric, ...this.nodes.map((node) => node.namespace)]) execFileSync('ip', ['netns', 'add', namespace]);
    for (const [namespace, lines] of cabling(shape)) inNamespace(namespace, ['ip', '-batch', '-'], lines.join('\n'));
    const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
    if (shape.routed) inNamespace(fabric, ['sysctl', '-q', '-w', ...forwarding]);
  }

  async #startDockerd(node: NodePlace): Promise<void> {
    const dir = join(this.dir, node.name);
    mkdirSync(dir, { recursive: true });
    const root = join(dir, 'docker');
    const linked = linkImages(root);
    const socket = this.dockerSocket(node.name);
    const flags = [
      '--data-root',
      root,
      '--exec-root',
      join(dir, 'exec'),
      '--host',
      `unix://${socket}`,
      '--pidfile',
      join(dir, 'dockerd.pid'),
    ];
    const quiet = ['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false', '--live-restore'];
    inNode(node, ['dockerd', ...flags, ...quiet], join(dir, 'dockerd.log'));
    await eventually(() => execFileSync('docker', ['--host', `unix://${socket}`, 'version'], { stdio: 'ignore' }), 30_000);
    if (!linked) await loadImages(socket);
  }

  /** The server's own names loopback, which is another one out here. */
  #writeKubeconfig(): void {
    const text = readFileSync(join(this.dataDir('n1'), 'kubeconfig'), 'utf8');
    writeFileSync(this.kubeconfig, text.replace(/https:\/\/127\.0\.0\.1:\d+/, this.#server), { mode: 0o600 });
  }

  async #takeDown(node: NodePlace): Promise<void> {
    const dir = join(this.dir, node.name);
    await endProcess(this.#pidFile(node.name), 'SIGTERM');
    const socket = this.dockerSocket(node.name);
    if (existsSync(this.dataDir(node.name))) {
      const reset = [process.execPath, this.#entry, 'reset', '--data-dir', this.dataDir(node.name), '--docker', socket];
      const { status, stderr } = spawnSync('nsenter', [`--net=/run/netns/${node.namespace}`, ...reset], { encoding: 'utf8' });
      if (status !== 0) process.stderr.write(`reset of ${node.name}: ${stderr}\n`);
    }
    await endProcess(join(dir, 'dockerd.pid'), 'SIGTERM');
    const rest = spawnSync('ip', ['netns', 'pids', node.namespace], { encoding: 'utf8' }).stdout.split('\n');
    for (const pid of rest) if (pid !== '') tryKill(Number(pid), 'SIGKILL');
  }
}

function freeSubnet(): number {
  const used = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  for (let subnet = 1; subnet < 255; subnet++) if (!used.some((ip) => ip.startsWith(`172.30.${String(subnet)}.`))) return subnet;
  throw new Error('no subnet of 172.30.0.0/16 is free');
}

function inNamespace(namespace: string, command: readonly string[], input = ''): string {
  const [program = '', ...args] = namespace === '' ? command : ['nsenter', `--net=/run/netns/${namespace}`, ...command];
  return execFileSync(program, args, { encoding: 'utf8', input, maxBuffer: 1 << 26 });
}

/** A process of the node that outlives this one; it has the node's network and host name. */
function inNode(node: NodePlace, command: readonly string[], log: string): ReturnType<typeof spawn> {
  const output = openSync(log, 'a');
  const shell = 'hostname "$0"; exec "$@"';
  const args = [`--net=/run/netns/${node.namespace}`, 'unshare', '--uts', 'sh', '-c', shell, node.name, ...command];
  const child = spawn('nsenter', args, { stdio: ['ignore', output, output], detached: true });
  closeSync(output);
  child.unref();
  return child;
}

/** Ends the process that a file names, and resolves when it is gone; SIGKILL after 20 s. */
async function endProcess(pidFile: string, signal: NodeJS.Signals): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  rmSync(pidFile, { force: true });
  if (!tryKill(pid, signal)) return;
  const gone = (): void => {
    if (tryKill(pid, 0) && !isZombie(pid)) throw new Error(`process ${String(pid)} goes on`);
  };
  await eventually(gone, 20_000).catch(() => {
    tryKill(pid, 'SIGKILL');
    return eventually(gone, 5000);
  });
}

function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

function tryKill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid > 0 && process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The deepest first. */
function mountsBelow(dir: string): string[] {
  const places = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return places.filter((place) => place.startsWith(`${dir}/`)).sort((a, b) => b.length - a.length);
}

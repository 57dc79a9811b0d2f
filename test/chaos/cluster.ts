/** A server and simulated nodes, each a process of its own that can be killed at any moment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoracleProcess, entry, freePort } from '../support/coracle.ts';

/** `coracle agent` on simulated containers. */
export class SimulatedNode {
  readonly name: string;
  readonly #arguments: readonly string[];
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'coracle-chaos-'));
  #child: ChildProcess | undefined;
  #killed = false;
  /** How it ended when nobody killed it, with its last words. */
  readonly deaths: string[] = [];

  constructor(name: string, options: { readonly url: string; readonly tokenFile: string; readonly ip: string }) {
    this.name = name;
    this.#arguments = [
      ...['agent', '--server', options.url, '--token-file', options.tokenFile, '--data-dir', this.#dataDir],
      ...['--node-name', name, '--node-ip', options.ip, '--kubelet-port', '0', '--runtime', 'sim'],
    ];
  }

  get up(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    if (this.#child !== undefined) return;
    const child = spawn(process.execPath, [entry, ...this.#arguments], { stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2000)));
    this.#killed = false;
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', (code) => {
      process.off('exit', kill);
      if (!this.#killed) this.deaths.push(`${this.name} ended by itself with ${String(code)}: ${words}`);
      if (this.#child === child) this.#child = undefined;
    });
    this.#child = child;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    this.#killed = true;
    child.kill('SIGKILL');
    await ended;
  }

  remove(): void {
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

export interface Cluster {
  readonly server: CoracleProcess;
  readonly nodes: readonly SimulatedNode[];
  stop(): Promise<void>;
}

/** Resolves when the server is ready; the nodes are on their way. */
export async function startCluster(count: number): Promise<Cluster> {
  const port = String(await freePort());
  const server = new CoracleProcess(['--https-listen-port', port, '--kubelet-port', '0', '--disable-agent', '--no-setup']);
  await server.start();
  const at = { url: `https://127.0.0.1:${port}`, tokenFile: join(server.dataDir, 'token') };
  const nodes = Array.from(
    { length: count },
    (_, index) => new SimulatedNode(`n${String(index)}`, { ...at, ip: `127.0.1.${String(index + 1)}` }),
  );
  for (const node of nodes) node.start();
  return {
    server,
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      for (const node of nodes) node.remove();
      await server.stop();
      server.command('reset');
    },
  };
}

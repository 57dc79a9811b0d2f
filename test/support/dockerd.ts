/** A Docker Engine of a test's own, in folders of its own: it may be stopped, frozen and started again while others go on. Needs root. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

export class OwnDockerd {
  readonly dir: string;
  readonly socket: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;

  /** Nothing runs yet. `dataRoot`: where images and containers lie; default a folder of its own. */
  constructor({ dataRoot, flags = [] }: { readonly dataRoot?: string; readonly flags?: readonly string[] } = {}) {
    this.dir = mkdtempSync(join(tmpdir(), 'coracle-dockerd-'));
    this.socket = join(this.dir, 'docker.sock');
    mkdirSync(join(this.dir, 'exec'));
    this.#flags = [
      ...['--data-root', dataRoot ?? join(this.dir, 'data'), '--exec-root', join(this.dir, 'exec'), '--pidfile', join(this.dir, 'pid')],
      ...['--host', `unix://${this.socket}`, '--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
      ...['--ip-masq=false', '--userland-proxy=false', '--live-restore', ...flags],
    ];
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const log = openSync(join(this.dir, 'log'), 'a');
    this.#child = spawn('dockerd', this.#flags, { stdio: ['ignore', log, log] });
    this.#child.unref();
    closeSync(log);
    await eventually(() => this.#answers(), 30_000);
  }

  /** Resolves when it has ended; its containers go on. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    child.ref();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  }

  /** SIGSTOP freezes it, SIGCONT lets it go on. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  docker(...args: string[]): { readonly code: number | null; readonly stdout: string } {
    const { status, stdout } = spawnSync('docker', ['--host', `unix://${this.socket}`, ...args], { encoding: 'utf8' });
    return { code: status, stdout };
  }

  /** Ends its containers too and leaves no mount and no folder. */
  async remove(): Promise<void> {
    const containers = this.docker('ps', '--all', '--quiet')
      .stdout.split('\n')
      .filter((id) => id !== '');
    if (containers.length > 0) this.docker('rm', '--force', '--volumes', ...containers);
    await this.stop();
    spawnSync('sh', ['-c', `grep ' ${this.dir}/' /proc/self/mounts | cut -d' ' -f2 | sort -r | xargs -r umount`]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #answers(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.socket);
      socket.on('error', reject);
      socket.on('connect', () => socket.write('GET /_ping HTTP/1.0\r\n\r\n'));
      socket.on('data', (bytes) => {
        socket.destroy();
        if (bytes.includes('200 OK')) resolve();
        else reject(new Error(bytes.toString()));
      });
    });
  }
}

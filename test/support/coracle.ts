/** A Coracle server in a process of its own, as `npm start` runs it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, nodeFlags } from '../../hack/runtime.mjs';
import { Kubectl } from './kubectl.ts';

/** The program under test; CORACLE_ENTRY names another build. */
export const entry = process.env['CORACLE_ENTRY'] ?? join(import.meta.dirname, '..', '..', 'dist', 'coracle.mjs');

/** A port of loopback nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class CoracleProcess {
  readonly dataDir: string;
  readonly flags: readonly string[];
  readonly kubectl: Kubectl;
  #child: ChildProcess | undefined;
  #output = '';

  /** A data folder of its own; nothing runs yet. */
  constructor(flags: readonly string[], dataDir = mkdtempSync(join(tmpdir(), 'coracle-e2e-'))) {
    this.dataDir = dataDir;
    this.flags = flags;
    this.kubectl = new Kubectl(join(dataDir, 'kubeconfig'));
  }

  /** Everything the process wrote to standard output and error since it was last started. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get up(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the server; resolves when it says that it is ready. */
  start(): Promise<void> {
    this.#output = '';
    const child = spawn(process.execPath, [...nodeFlags, entry, 'server', '--data-dir', this.dataDir, ...this.flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
    });
    this.#child = child;
    // A test that fails must not leave the server behind, nor wait for it.
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    let ready = false;
    const release = (): void => {
      child.unref();
      for (const stream of [child.stdout, child.stderr]) (stream as Socket).unref();
    };
    return new Promise((resolve, reject) => {
      const take = (text: string): void => {
        this.#output += text;
        if (ready || !this.#output.includes('export KUBECONFIG=')) return;
        ready = true;
        release();
        resolve();
      };
      child.stdout.setEncoding('utf8').on('data', take);
      child.stderr.setEncoding('utf8').on('data', take);
      child.on('exit', (code, signal) =>
        reject(new Error(`coracle ended (${String(code ?? signal)}) before it was ready:\n${this.#output}`)),
      );
    });
  }

  /** Ends the process with a signal and answers its exit status. */
  stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.up) return Promise.resolve(child?.exitCode ?? null);
    child.ref();
    return new Promise((resolve) => {
      child.on('exit', (code) => resolve(code));
      child.kill(signal);
    });
  }

  /** Runs `coracle COMMAND` on the same data folder. */
  command(command: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
    const result = spawnSync(process.execPath, [entry, command, '--data-dir', this.dataDir, ...args], { encoding: 'utf8' });
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  }
}

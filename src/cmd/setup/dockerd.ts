/** Finds a Docker Engine that answers, or starts one. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { delay, type Clock } from '../../base/clock.ts';
import type { CommandRunner } from '../../base/command.ts';
import { writeFileAtomic } from '../files.ts';
import type { Reporter } from '../reporter.ts';

export interface DockerdOptions {
  readonly socket: string;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly run: CommandRunner;
  readonly reporter: Reporter;
}

/** Whether a Docker Engine answers on the socket. */
export function dockerAnswers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath: socket, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

/**
 * Makes sure that an engine answers: through systemd where it runs, else as a daemon of our own that outlives Coracle (its
 * containers go on while Coracle is stopped) and that `coracle reset` ends. Returns why it could not, or undefined.
 */
export async function ensureDockerd(options: DockerdOptions): Promise<string | undefined> {
  if (await dockerAnswers(options.socket)) return undefined;
  options.reporter.step('starting dockerd');
  if (existsSync('/run/systemd/system')) {
    const started = await options.run('systemctl', ['start', 'docker']).then(
      () => true,
      () => false,
    );
    if (started && (await answersWithin(options, 30_000))) return undefined;
  }
  const log = join(options.dataDir, 'dockerd.log');
  spawnDockerd(options, log);
  return (await answersWithin(options, 30_000)) ? undefined : `dockerd did not start; see ${log}`;
}

/** Pod networking is Coracle's own, so the engine keeps its hands off bridges, packet filter and forwarding. */
function spawnDockerd(options: DockerdOptions, log: string): void {
  const output = openSync(log, 'a', 0o600);
  const child = spawn(
    'dockerd',
    [
      ...['--host', `unix://${options.socket}`, '--live-restore', '--bridge', 'none'],
      ...['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false', '--userland-proxy=false'],
    ],
    { detached: true, stdio: ['ignore', output, output] },
  );
  child.on('error', () => undefined);
  child.unref();
  closeSync(output);
  if (child.pid !== undefined) writeFileAtomic(pidFile(options.dataDir), String(child.pid), 0o600);
}

async function answersWithin(options: DockerdOptions, ms: number): Promise<boolean> {
  const end = options.clock.monotonic() + ms;
  for (let pause = 20; options.clock.monotonic() < end; pause = Math.min(pause * 2, 500)) {
    if (await dockerAnswers(options.socket)) return true;
    await holdOpen(delay(options.clock, pause));
  }
  return false;
}

/** The house clock's timers do not keep the process alive; at start-up nothing else does yet. */
async function holdOpen(promise: Promise<void>): Promise<void> {
  const keepAlive = setInterval(() => undefined, 1000);
  try {
    await promise;
  } finally {
    clearInterval(keepAlive);
  }
}

function pidFile(dataDir: string): string {
  return join(dataDir, 'dockerd.pid');
}

/** The process id of the engine that Coracle started, while it runs. */
export function ownDockerd(dataDir: string): number | undefined {
  if (!existsSync(pidFile(dataDir))) return undefined;
  const pid = Number(readFileSync(pidFile(dataDir), 'utf8'));
  try {
    return readFileSync(`/proc/${String(pid)}/comm`, 'utf8').trim() === 'dockerd' ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * logind, as far as the end of the machine goes (pkg/kubelet/nodeshutdown/systemd): it holds a shutdown up while somebody has a
 * lock of kind `delay`, and tells of the shutdown before it begins. A lock is a descriptor, which no JavaScript can receive over a
 * socket: `systemd-inhibit` has it while its child lives, and the child lives while this process does and has not let go.
 */
import { writeFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { eachLine } from '../../base/lines.ts';
import { followMonitor } from '../../base/monitor.ts';

export interface Logind {
  /** Makes sure that a lock may hold the machine up for so long. */
  allowDelay(ms: number): Promise<void>;
  /** Resolves when the machine waits; stopping lets it go on. Rejects when logind gives no lock. */
  inhibit(): Promise<Running>;
  /** `goesDown` false: a shutdown was called off. */
  watch(handler: (goesDown: boolean) => void): Running;
}

export interface LogindOptions {
  readonly commands: Commands;
  readonly clock: Clock;
  /** File of settings that go before those of the system, gone with the next start of the machine. */
  readonly dropIn: string;
}

const manager = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'];
const watched = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'";
const why = 'Kubelet needs time to handle node shutdown';

/** logind reads its settings again some time after it was told to: asked so often, ever later. */
const reloadTries = 5;

export function systemLogind({ commands, clock, dropIn }: LogindOptions): Logind {
  const property = async (name: string): Promise<string> => (await commands.run('busctl', ['get-property', ...manager, name])).trim();
  const currentDelay = async (): Promise<number> => Number(/^t (\d+)$/.exec(await property('InhibitDelayMaxUSec'))?.[1] ?? 0) / 1000;
  return {
    allowDelay: async (ms) => {
      if ((await currentDelay()) >= ms) return;
      await mkdir(dirname(dropIn), { recursive: true, mode: 0o755 });
      await writeFile(dropIn, `[Login]\nInhibitDelayMaxSec=${String(Math.ceil(ms / 1000))}\n`, { mode: 0o644 });
      await commands.run('systemctl', ['kill', '--signal=HUP', 'systemd-logind.service']);
      for (let tries = 0, pause = 100; tries < reloadTries; tries += 1, pause *= 2) {
        if ((await currentDelay()) >= ms) return;
        await delay(clock, pause);
      }
      throw new Error(`logind still lets nobody delay a shutdown for ${String(ms)} ms (InhibitDelayMaxSec)`);
    },
    inhibit: () => takeLock(commands),
    watch: (handler) =>
      followMonitor({
        commands,
        clock,
        script: `exec busctl --system --json=short monitor --match="${watched}" 2>/dev/null`,
        onLine: (line) => {
          const goesDown = shutdownSignal(line);
          if (goesDown !== undefined) handler(goesDown);
        },
        onGap: async () => {
          // While nobody listened it may have begun; that nothing is under way is no news.
          if ((await property('PreparingForShutdown').catch(() => '')) === 'b true') handler(true);
        },
      }),
  };
}

/** What a line of `busctl --json=short monitor` says; undefined: nothing of a shutdown. */
export function shutdownSignal(line: string): boolean | undefined {
  try {
    const { member, payload } = JSON.parse(line) as { member?: unknown; payload?: { data?: readonly unknown[] } };
    const [goesDown] = payload?.data ?? [];
    return member === 'PrepareForShutdown' && typeof goesDown === 'boolean' ? goesDown : undefined;
  } catch {
    return undefined;
  }
}

function takeLock(commands: Commands): Promise<Running> {
  const child = commands.spawn('systemd-inhibit', [
    '--what=shutdown',
    '--mode=delay',
    '--who=kubelet',
    `--why=${why}`,
    'sh',
    '-c',
    'echo held; exec cat >/dev/null',
  ]);
  child.unref();
  child.stdin.on('error', () => undefined);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-500)));
  const ended = new Promise<void>((resolve) => child.on('error', () => resolve()).on('close', () => resolve()));
  const release = running(async () => {
    child.stdin.end();
    await ended;
  });
  return new Promise((resolve, reject) => {
    eachLine(child.stdout, (line) => {
      if (line === 'held') resolve(release);
    });
    void ended.then(() => reject(new Error(`logind gives no lock: ${complaint.trim()}`)));
  });
}

import { Backoff } from './backoff.ts';
import { type Clock, delay } from './clock.ts';
import type { Commands } from './command.ts';
import { type Running, running } from './lifecycle.ts';
import { eachLine } from './lines.ts';

export interface MonitorOptions {
  readonly commands: Pick<Commands, 'spawn'>;
  readonly clock: Clock;
  /** A shell's line; `exec` spares a process. */
  readonly script: string;
  readonly onLine: (line: string) => void;
  /** It has ended, the pause is over and it starts again: what happened meanwhile nobody told. */
  readonly onGap: () => unknown;
}

/** Keeps a program running that tells of changes line by line, and sleeps between them. It does not keep this process alive. */
export function followMonitor({ commands, clock, script, onLine, onGap }: MonitorOptions): Running {
  const abort = new AbortController();
  const { signal } = abort;
  const backoff = new Backoff({ initialMs: 1000, maxMs: 60_000, factor: 2, resetMs: 120_000, clock });
  const listen = async (): Promise<void> => {
    while (!signal.aborted) {
      const child = commands.spawn('sh', ['-c', script]);
      child.unref();
      const stop = (): void => void child.kill();
      signal.addEventListener('abort', stop);
      child.stdin.on('error', () => undefined);
      eachLine(child.stdout, (line) => {
        if (!signal.aborted) onLine(line);
      });
      await new Promise<void>((resolve) => child.on('error', () => resolve()).on('close', () => resolve()));
      signal.removeEventListener('abort', stop);
      await delay(clock, backoff.next(), signal);
      if (!signal.aborted) await onGap();
    }
  };
  const listening = listen();
  return running(async () => {
    abort.abort();
    await listening;
  });
}

/** exec, attach and run. */
import { pipeline } from 'node:stream/promises';
import type { ProcessSession, Runtime } from '../runtimes/runtime.ts';
import type { CommandOptions, CommandStreams } from './command-streams.ts';
import { exitStatus, failureStatus } from './command-streams.ts';

/** `error` is always there; with a terminal there is no separate stderr. */
export function commandOptions(query: URLSearchParams): CommandOptions | undefined {
  const flag = (...names: string[]): boolean => names.some((name) => query.get(name) === '1' || query.get(name) === 'true');
  const tty = flag('tty');
  const options = { stdin: flag('input', 'stdin'), stdout: flag('output', 'stdout'), stderr: !tty && flag('error', 'stderr'), tty };
  return options.stdin || options.stdout || options.stderr ? options : undefined;
}

/** Joins a client with a process until the process ends or the client goes. */
export async function joinProcess(streams: CommandStreams, start: () => Promise<ProcessSession>): Promise<void> {
  let session: ProcessSession;
  try {
    session = await start();
  } catch (error) {
    return streams.finish(failureStatus(error));
  }
  const ignore = (): void => undefined;
  streams.onResize(({ Width, Height }) => void session.resize(Width, Height).catch(ignore));
  if (streams.stdin !== undefined && session.stdin !== undefined) void pipeline(streams.stdin, session.stdin).catch(ignore);
  else streams.stdin?.resume();
  const outputs = [
    [session.stdout, streams.stdout],
    [session.stderr, streams.stderr],
  ] as const;
  const copied = outputs.map(async ([from, to]) => {
    if (from === undefined) return;
    if (to === undefined) from.resume();
    // Ended, not only read: what the client has not taken yet would be overtaken by the status and lost.
    else await pipeline(from, to).catch(ignore);
  });
  const ended = Promise.all([session.exited, ...copied]).then(([code]) => code);
  try {
    const code = await Promise.race([ended, streams.gone.then(() => undefined)]);
    if (code === undefined) await session.close();
    else await streams.finish(exitStatus(code));
  } catch (error) {
    await streams.finish(failureStatus(error));
  }
  ended.catch(ignore);
}

/** Runs a command to its end and answers all it said. */
export async function runToEnd(runtime: Runtime, containerId: string, command: readonly string[]): Promise<string> {
  const session = await runtime.exec(containerId, command, { stdin: false, stdout: true, stderr: true, tty: false });
  let text = '';
  for (const stream of [session.stdout, session.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  await session.exited;
  return text;
}

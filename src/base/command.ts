import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

/** A command that ended badly; the message carries the command's name and the end of what it said, never its input. */
export class CommandError extends Error {
  /** Null when it was ended by a signal or could not be started at all. */
  readonly code: number | null;
  readonly stderr: string;
  /** There is no such program. */
  readonly missing: boolean;
  constructor(command: string, code: number | null, stderr: string, missing = false) {
    super(missing ? `${command} is not installed` : `${command} ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-2000)}`);
    this.missing = missing;
    this.name = 'CommandError';
    this.code = code;
    this.stderr = stderr;
  }
}

/** Runs a program to its end and answers its standard output; rejects with {@link CommandError} unless it exits with 0. */
export type CommandRunner = (command: string, args: readonly string[], input?: string) => Promise<string>;

/** Starts a program that is spoken to while it runs. */
export type CommandSpawner = (command: string, args: readonly string[]) => ChildProcessWithoutNullStreams;

export interface Commands {
  readonly run: CommandRunner;
  readonly spawn: CommandSpawner;
}

/** Programs of this machine; `prefix` goes before each of them (`nsenter --net=... --`). */
export function systemCommands(prefix: readonly string[] = []): Commands {
  const start: CommandSpawner = (command, args) => {
    const [program = command, ...rest] = [...prefix, command, ...args];
    return spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  };
  return { spawn: start, run: (command, args, input) => runToEnd(start(command, args), command, input) };
}

/** Answers '' when the program is not installed: what it would take away cannot be there. */
export async function ifInstalled(output: Promise<string>): Promise<string> {
  try {
    return await output;
  } catch (error) {
    if (error instanceof CommandError && error.missing) return '';
    throw error;
  }
}

function runToEnd(child: ChildProcessWithoutNullStreams, command: string, input: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', (error) =>
      reject(new CommandError(command, null, error.message, (error as NodeJS.ErrnoException).code === 'ENOENT')),
    );
    child.on('close', (code) => (code === 0 ? resolve(stdout) : reject(new CommandError(command, code, stderr))));
    // A program that fails early closes its input; its exit code says more than EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/**
 * Programs run by shells that stay: a process of hundreds of megabytes that starts a program itself stands still for 10 to 30 ms
 * while the kernel copies its page tables (fork), a shell of one megabyte does not.
 */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { CommandRunner, Commands } from './command.ts';
import { CommandError, systemCommands } from './command.ts';
import type { Running } from './lifecycle.ts';
import { running } from './lifecycle.ts';

/** `run` goes through a shell; `spawn` is the system's own. Stopping waits for what runs; what is asked later runs without a shell. */
export interface Shells extends Commands, Running {}

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** More at a time wait for each other; but a program that takes long makes room for another shell. */
const shellsAtATime = 3;

/** A shell reads its input byte by byte: more than this goes to a program of its own. */
const largestInput = 256 << 10;

/** The first shell starts with the first command. An input that does not end with a newline gets one. `longMs`: what takes longer has a shell for itself. */
export function startShells({ longMs = 2000 }: { readonly longMs?: number } = {}): Shells {
  const direct = systemCommands();
  const idle: Shell[] = [];
  const waiting: (() => void)[] = [];
  const busy = new Set<Promise<unknown>>();
  let places = shellsAtATime;
  let stopped = false;

  const withShell = async (script: (token: string) => string): Promise<Answer> => {
    if (places <= 0) await new Promise<void>((resolve) => waiting.push(resolve));
    places -= 1;
    let slow = false;
    const free = (): void => {
      places += 1;
      waiting.shift()?.();
    };
    const timer = setTimeout(() => {
      slow = true;
      free();
    }, longMs);
    const shell = idle.pop() ?? new Shell();
    try {
      return await shell.run(script);
    } finally {
      clearTimeout(timer);
      if (shell.alive && idle.length < shellsAtATime) idle.push(shell);
      else shell.end();
      if (!slow) free();
    }
  };
  const runInShell: CommandRunner = async (command, args, input) => {
    const { code, stdout, stderr } = await withShell((token) => scriptOf([command, ...args], input, token));
    if (code === 0) return stdout;
    throw new CommandError(command, code, stderr, code === 127 && stderr.includes('not found'));
  };
  const run: CommandRunner = (command, args, input) => {
    if (stopped || (input?.length ?? 0) > largestInput) return direct.run(command, args, input);
    const task = runInShell(command, args, input);
    const settled = task.then(
      () => undefined,
      () => undefined,
    );
    busy.add(settled);
    void settled.then(() => busy.delete(settled));
    return task;
  };
  const stop = running(async () => {
    stopped = true;
    while (busy.size > 0) await Promise.all(busy);
    for (const shell of idle) shell.end();
  });
  return { run, spawn: direct.spawn, ...stop };
}

/** What a shell is told: the program, then a line with the token on both outputs. */
function scriptOf(words: readonly string[], input: string | undefined, token: string): string {
  const from = input === undefined ? '</dev/null\n' : `<<'${token}'\n${input}${input.endsWith('\n') || input === '' ? '' : '\n'}${token}\n`;
  return `${words.map(quoted).join(' ')} ${from}printf '\\n${token} %d\\n' $?; printf '\\n${token}\\n' >&2\n`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One shell; it runs one program at a time. */
class Shell {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #token = randomBytes(16).toString('hex');
  #stdout = '';
  #stderr = '';
  #settle: ((answer: Answer) => void) | undefined;
  alive = true;

  constructor() {
    // In a session of its own: what a terminal's Ctrl-C ends is not this. What ends the other processes of a service does not end it in the middle of things.
    this.#child = spawn('/bin/sh', [], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const { stdin, stdout, stderr } = this.#child;
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stdout += chunk;
      this.#look();
    });
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
      this.#look();
    });
    stdin.on('error', () => undefined);
    this.#child.on('error', (error) => this.#lost(error.message));
    this.#child.on('close', () => this.#lost('the shell has ended'));
    stdin.write("trap ':' INT TERM HUP\n");
  }

  run(script: (token: string) => string): Promise<Answer> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#child.stdin.write(script(this.#token));
    });
  }

  end(): void {
    this.alive = false;
    this.#child.stdin.end();
  }

  #look(): void {
    const end = `\n${this.#token}`;
    if (!this.#stderr.endsWith(`${end}\n`)) return;
    const at = this.#stdout.lastIndexOf(end);
    if (at < 0 || !this.#stdout.endsWith('\n')) return;
    const code = Number(this.#stdout.slice(at + end.length));
    this.#answer({ code, stdout: this.#stdout.slice(0, at), stderr: this.#stderr.slice(0, -end.length - 1) });
  }

  #lost(why: string): void {
    this.alive = false;
    this.#answer({ code: -1, stdout: '', stderr: `${this.#stderr}${why}` });
  }

  #answer(answer: Answer): void {
    this.#stdout = '';
    this.#stderr = '';
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(answer);
  }
}

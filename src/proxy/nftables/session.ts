/**
 * One `nft -i` process that takes a transaction a line. A process for each change costs 20 ms (its end waits for the kernel to free
 * what was deleted), a line 0.5 ms. Where nft has no interactive mode, each transaction is a process of its own.
 */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';

/** No command: nft complains about it once it has done everything before it, and so tells that it is done. */
const marker = 'coracle_done';
const done = new RegExp(`${marker}\\r?\\n\\s*\\^+\\s*$`);
/** Longer scripts go to a process of their own. */
const longest = 256 * 1024;
/** nft remembers every line it was given, for its history: after so many characters another process takes over. */
const mostRemembered = 4 * 1024 * 1024;

export interface NftSession extends Running {
  /** Applies commands (one a line) as one transaction; rejects with nft's words when it is refused. Calls run one after the other. */
  apply(commands: string): Promise<void>;
}

export function openNftSession(options: { readonly commands: Commands; readonly logger: Logger }): NftSession {
  return new Session(options.commands, options.logger);
}

class Session implements NftSession {
  readonly #commands: Commands;
  readonly #logger: Logger;
  #child: ChildProcessWithoutNullStreams | undefined;
  #interactive = true;
  #hasAnswered = false;
  #output = '';
  /** Characters the process was given. */
  #given = 0;
  #answer: ((output: string | undefined) => void) | undefined;
  #last: Promise<void> = Promise.resolve();
  readonly #running = running(async () => {
    await this.#last;
    this.#quit();
  });

  constructor(commands: Commands, logger: Logger) {
    this.#commands = commands;
    this.#logger = logger;
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.stop();
  }

  apply(commands: string): Promise<void> {
    const result = this.#last.then(() => this.#apply(commands));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #apply(commands: string): Promise<void> {
    if (commands === '') return;
    if (!this.#interactive || commands.length > longest) {
      await this.#commands.run('nft', ['-f', '-'], commands);
      return;
    }
    const output = await this.#ask(commands.trimEnd().replaceAll('\n', '; '));
    if (output === undefined) {
      // The process ended: no interactive mode, or somebody killed it. The change either happened or not; a repetition that fails is seen.
      if (!this.#hasAnswered) {
        this.#logger.info({}, 'this nft has no interactive mode: one process for each change');
        this.#interactive = false;
      }
      await this.#commands.run('nft', ['-f', '-'], commands);
      return;
    }
    this.#hasAnswered = true;
    const complaint = output.slice(0, output.lastIndexOf('Error:'));
    if (complaint.includes('Error:')) throw new Error(`nft refused a change: ${complaint.slice(-2000)}`);
  }

  #ask(line: string): Promise<string | undefined> {
    if (this.#given > mostRemembered) this.#quit();
    const child = (this.#child ??= this.#start());
    this.#given += line.length;
    return new Promise((resolve) => {
      this.#output = '';
      this.#answer = resolve;
      child.stdin.write(`${line}\n${marker}\n`);
    });
  }

  #quit(): void {
    this.#child?.stdin.end('quit\n');
    this.#child = undefined;
    this.#given = 0;
  }

  /** Without a home nft neither reads nor writes a history file. */
  #start(): ChildProcessWithoutNullStreams {
    const child = this.#commands.spawn('sh', ['-c', 'HOME=/dev/null exec nft -i 2>&1']);
    const end = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#given = 0;
      this.#settle(undefined);
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (this.#child !== child) return;
      this.#output += chunk;
      if (done.test(this.#output)) this.#settle(this.#output);
    });
    child.stdin.on('error', () => undefined);
    child.on('error', end);
    child.on('close', end);
    child.unref();
    return child;
  }

  #settle(output: string | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(output);
  }
}

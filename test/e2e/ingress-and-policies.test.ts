/** Every shell command of docs/ingress-and-policies.md, in order, and what a policy does to pods. Needs root and Docker. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CoracleProcess, freePort } from '../support/coracle.ts';
import { eventually } from '../support/eventually.ts';
import { importImages } from '../support/image.ts';
import { kubectlProgram } from '../support/kubectl.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'ingress-and-policies.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((match) => (match[1] ?? '').trim().split('\n'));

let server: CoracleProcess;
let environment: Record<string, string | undefined>;
let ports: { http: number; https: number };

beforeAll(async () => {
  importImages([{ name: 'nginx:1.29', changes: ['ENV VERSION=v1 PORT=80', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  ports = { http: await freePort(), https: await freePort() };
  server = new CoracleProcess([
    ...['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--no-setup', '--runtime', 'docker'],
    ...['--ingress-http-port', String(ports.http), '--ingress-https-port', String(ports.https)],
    ...['--cluster-cidr', '10.137.0.0/16,fd42:37::/56', '--service-cidr', '10.138.0.0/16,fd43:38::/112'],
  ]);
  await server.start();
  const programs = mkdtempSync(join(tmpdir(), 'coracle-bin-'));
  spawnSync('ln', ['-s', kubectlProgram(), join(programs, 'kubectl')]);
  environment = { ...process.env, PATH: `${programs}:${process.env['PATH'] ?? ''}`, KUBECONFIG: join(server.dataDir, 'kubeconfig') };
}, 120_000);

afterAll(async () => {
  expect(await server.stop()).toBe(0);
  expect(server.command('reset')).toMatchObject({ code: 0 });
  expect(spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' }).stdout).not.toContain('_policy');
}, 120_000);

function run(command: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    timeout: 150_000,
  });
  return { status, output: stdout + stderr };
}

describe('docs/ingress-and-policies.md', () => {
  test.each(commands)(
    '%s',
    (command) => {
      // The ports of this machine may be another cluster's.
      const here = command
        .replace('http://localhost/', `http://localhost:${ports.http}/`)
        .replace('hello.example:443:', `hello.example:${ports.https}:`)
        .replace('https://hello.example/', `https://hello.example:${ports.https}/`);
      const { status, output } = run(here);
      expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(/./) });
      if (command.startsWith('curl')) expect(output).toContain('"version":"v1"');
    },
    160_000,
  );
});

describe('a policy', () => {
  const ask = (): string =>
    run(
      `kubectl exec client -- /bin/node -e "fetch('http://hello/',{signal:AbortSignal.timeout(1500)}).then((r)=>r.text()).then(console.log,()=>console.log('no answer'))"`,
    ).output;

  test('closes pods that run, and those that start under it; when it goes they are open', async () => {
    expect(
      run('kubectl run client --image=nginx:1.29 --env=PORT=8080 && kubectl wait pod client --for=condition=Ready --timeout=60s').status,
    ).toBe(0);
    await eventually(() => expect(ask()).toContain('"version":"v1"'));
    run('kubectl apply -f docs/examples/deny-all.yaml');
    await eventually(() => expect(ask()).toContain('no answer'));
    // The node goes on reaching them: probes, Ingress, kubectl exec.
    const throughIngress = `curl -skf --resolve hello.example:${ports.https}:127.0.0.1 https://hello.example:${ports.https}/`;
    expect(run(throughIngress).output).toContain('"version":"v1"');
    run(
      'kubectl delete pod client --now; kubectl run client --image=nginx:1.29 --env=PORT=8080; kubectl wait pod client --for=condition=Ready --timeout=60s',
    );
    expect(ask()).toContain('no answer');
    run('kubectl delete -f docs/examples/deny-all.yaml');
    await eventually(() => expect(ask()).toContain('"version":"v1"'));
  }, 180_000);
});

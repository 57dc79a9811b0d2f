/** kubectl logs, exec, attach, cp and port-forward on real containers. Needs root and Docker. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CoracleProcess, freePort } from '../support/coracle.ts';
import { eventually } from '../support/eventually.ts';
import { importImages } from '../support/image.ts';
import { kubectlProgram } from '../support/kubectl.ts';

let coracle: CoracleProcess;
const kubectl = (...args: string[]): Promise<string> => coracle.kubectl.run(...args);

const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: web, image: "coracle.test/web:v1"}
---
apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: talker
    image: coracle.test/web:v1
    stdin: true
    command: [/bin/sh, -c, "i=0; while read line; do i=$((i+1)); echo heard $i $line; [ $line = die ] && exit 7; done"]
`;

/** Everything a process has said so far. */
function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

beforeAll(async () => {
  importImages([{ name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  coracle = new CoracleProcess([
    ...['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--runtime', 'docker', '--no-setup'],
    ...['--cluster-cidr', '10.162.0.0/16,fd42:3::/56', '--service-cidr', '10.163.0.0/16,fd43:3::/112'],
  ]);
  await coracle.start();
  await coracle.kubectl.runWith(pods, 'apply', '-f', '-');
  await kubectl('wait', 'pods', '--all', '--for=condition=Ready', '--timeout=60s');
}, 120_000);

afterAll(async () => {
  await coracle.stop();
  expect(coracle.command('reset')).toMatchObject({ code: 0 });
}, 60_000);

describe('exec', () => {
  test('output, exit status and standard input', async () => {
    expect(await kubectl('exec', 'web', '--', 'echo', 'hello')).toBe('hello\n');
    expect(await coracle.kubectl.result(['exec', 'web', '--', '/bin/sh', '-c', 'echo out; echo err >&2; exit 5'])).toMatchObject({
      code: 5,
      stdout: 'out\n',
      stderr: expect.stringContaining('err\n'),
    });
    const input = 'x'.repeat(300_000);
    expect(await coracle.kubectl.runWith(input, 'exec', '-i', 'web', '--', 'cat')).toBe(input);
    const missing = await coracle.kubectl.result(['exec', 'web', '--', '/no/such']);
    expect(missing.code).not.toBe(0);
    expect(missing.stdout + missing.stderr).toContain('no such file or directory');
  }, 30_000);

  test('a terminal', async () => {
    const child = spawn('script', ['-qec', `${kubectlProgram()} exec -it web -- /bin/sh`, '/dev/null'], {
      env: { ...process.env, KUBECONFIG: join(coracle.dataDir, 'kubeconfig') },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const said = collect(child);
    child.stdin.write('test -t 0 && echo is-a-"terminal"\n');
    await eventually(() => expect(said()).toContain('is-a-terminal'), 10_000);
    child.stdin.write('exit 4\n');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(4);
  }, 30_000);

  test('mistakes are explained in upstream’s words', async () => {
    expect((await coracle.kubectl.result(['exec', 'web', '-c', 'nope', '--', 'true'])).stderr).toContain(
      'container nope is not valid for pod web',
    );
    expect((await coracle.kubectl.result(['exec', 'nope', '--', 'true'])).stderr).toContain('pods "nope" not found');
  });
});

describe('logs', () => {
  test('all, tail, timestamps, by label', async () => {
    expect(await kubectl('logs', 'web')).toBe('serving\n');
    expect(await kubectl('logs', 'web', '--timestamps')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z serving\n$/);
    expect(await kubectl('logs', '-l', 'app=web')).toBe('serving\n');
    expect(await kubectl('logs', 'web', '--tail=0')).toBe('');
    expect((await coracle.kubectl.result(['logs', 'web', '-c', 'nope'])).stderr).toContain('container nope is not valid for pod web');
    expect((await coracle.kubectl.result(['logs', 'web', '--previous'])).stderr).toContain(
      'previous terminated container "web" in pod "web" not found',
    );
  }, 30_000);
});

describe('attach', () => {
  test('speaks to the main process; logs -f follows; --previous shows the one before', async () => {
    const follower = coracle.kubectl.start('logs', '-f', 'talker');
    const followed = collect(follower);
    const attached = coracle.kubectl.start('attach', '-i', 'talker');
    const said = collect(attached);
    attached.stdin?.write('one\n');
    await eventually(() => expect(said()).toContain('heard 1 one'), 10_000);
    await eventually(() => expect(followed()).toContain('heard 1 one'), 10_000);
    const closed = [attached, follower].map((child) => new Promise((resolve) => child.on('close', resolve)));
    attached.stdin?.write('die\n');
    await Promise.all(closed);
    expect(followed()).toBe('heard 1 one\nheard 2 die\n');
    await eventually(async () => expect(await kubectl('logs', 'talker', '--previous')).toBe('heard 1 one\nheard 2 die\n'));
  }, 60_000);
});

describe('cp', () => {
  test('there and back', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'coracle-cp-'));
    const content = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));
    writeFileSync(join(dir, 'there'), content);
    await kubectl('cp', join(dir, 'there'), 'web:/tmp/file');
    await kubectl('cp', 'web:/tmp/file', join(dir, 'back'));
    expect(readFileSync(join(dir, 'back')).equals(content)).toBe(true);
  }, 30_000);
});

describe('port-forward', () => {
  async function get(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    });
  }

  // kubectl speaks WebSocket to the server; this variable makes it speak SPDY/3.1 as older clients do.
  test.each([['true'], ['false']])(
    'many connections at once (KUBECTL_PORT_FORWARD_WEBSOCKETS=%s)',
    async (websockets) => {
      const port = await freePort();
      const child = spawn(kubectlProgram(), ['port-forward', 'pod/web', `${String(port)}:8080`], {
        env: { ...process.env, KUBECONFIG: join(coracle.dataDir, 'kubeconfig'), KUBECTL_PORT_FORWARD_WEBSOCKETS: websockets },
      });
      const said = collect(child);
      await eventually(() => expect(said()).toContain('Forwarding from'), 10_000);
      const answers = await Promise.all(Array.from({ length: 20 }, () => get(port)));
      for (const answer of answers) expect(JSON.parse(answer)).toMatchObject({ version: 'v1', pod: 'web' });
      child.kill();
    },
    30_000,
  );

  test.each([['true'], ['false']])(
    'exec over either protocol (KUBECTL_REMOTE_COMMAND_WEBSOCKETS=%s)',
    async (websockets) => {
      const child = spawn(kubectlProgram(), ['exec', '-i', 'web', '--', 'cat'], {
        env: { ...process.env, KUBECONFIG: join(coracle.dataDir, 'kubeconfig'), KUBECTL_REMOTE_COMMAND_WEBSOCKETS: websockets },
      });
      const said = collect(child);
      child.stdin.end('through');
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
      expect(said()).toBe('through');
    },
    30_000,
  );
});

describe('a Service’s proxy', () => {
  test('answers for the pods behind it', async () => {
    await kubectl('expose', 'pod', 'web', '--port=80', '--target-port=8080', '--name=web');
    await eventually(
      async () =>
        expect(JSON.parse(await kubectl('get', '--raw', '/api/v1/namespaces/default/services/web/proxy/'))).toMatchObject({
          version: 'v1',
        }),
      10_000,
    );
    expect(JSON.parse(await kubectl('get', '--raw', '/api/v1/namespaces/default/pods/web:8080/proxy/'))).toMatchObject({ pod: 'web' });
  }, 30_000);
});

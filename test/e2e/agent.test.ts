/** A second node in a process of its own: it joins by token, gets its certificates by request and runs pods. Needs no root and no Docker. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CertificateSigningRequest, Pod } from '../../src/api/generated/types.ts';
import { CoracleProcess, entry, freePort } from '../support/coracle.ts';
import { eventually } from '../support/eventually.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'coracle-agent-'));
let server: CoracleProcess;
let url: string;
const agents: ChildProcess[] = [];
/** What each of them has said so far. */
const outputs: string[] = [];

function startAgent(...flags: string[]): Promise<string> {
  const child = spawn(process.execPath, [
    ...[entry, 'agent', '--server', url, '--data-dir', dataDir, '--node-name', 'second', '--node-ip', '127.0.0.2'],
    ...['--kubelet-port', '0', '--runtime', 'sim', ...flags],
  ]);
  const place = agents.push(child) - 1;
  let output = '';
  return new Promise((resolve) => {
    const take = (text: string): void => {
      output += text;
      outputs[place] = output;
      if (output.includes('is registered')) resolve(output);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('exit', (code) => resolve(`${output}exit ${String(code)}`));
  });
}

async function stopAgents(): Promise<void> {
  for (const child of agents.splice(0)) {
    if (child.exitCode !== null) continue;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGINT');
    await ended;
  }
}

beforeAll(async () => {
  const port = String(await freePort());
  url = `https://127.0.0.1:${port}`;
  server = new CoracleProcess(['--https-listen-port', port, '--kubelet-port', '0', '--runtime', 'sim', '--node-name', 'first']);
  await server.start();
}, 60_000);

afterAll(async () => {
  await stopAgents();
  await server.stop();
  server.command('reset');
  rmSync(dataDir, { recursive: true });
}, 60_000);

test('a token of another cluster, or none, is refused in one line', async () => {
  const foreign = `K10${'0'.repeat(64)}::secret`;
  expect(await startAgent('--token', foreign)).toContain(`coracle: --server ${url}: is not the cluster of this token\nexit 2`);
  expect(await startAgent()).toContain('coracle: --token or --token-file is needed');
}, 30_000);

test('an agent joins, and pods spread over both nodes', async () => {
  expect(await startAgent('--token-file', join(server.dataDir, 'token'))).toContain('The node second is registered.');
  await server.kubectl.run('wait', 'node/second', '--for=condition=Ready', '--timeout=30s');
  const { items } = await server.kubectl.json<{ items: CertificateSigningRequest[] }>('get', 'csr');
  expect(items.map((request) => [request.spec.signerName, request.spec.username]).sort()).toEqual([
    ['kubernetes.io/kube-apiserver-client-kubelet', 'system:nodes:join'],
    ['kubernetes.io/kubelet-serving', 'system:node:second'],
  ]);
  await server.kubectl.run('create', 'deployment', 'web', '--image=web', '--replicas=6');
  await server.kubectl.run('rollout', 'status', 'deployment/web', '--timeout=30s');
  const pods = (await server.kubectl.json<{ items: Pod[] }>('get', 'pods')).items;
  expect(new Set(pods.map((pod) => pod.spec.nodeName))).toEqual(new Set(['first', 'second']));
}, 60_000);

test('it comes back with the certificates it has, and without them asks again', async () => {
  await stopAgents();
  const count = async (): Promise<number> => (await server.kubectl.json<{ items: unknown[] }>('get', 'csr')).items.length;
  const before = await count();
  expect(await startAgent('--token-file', join(server.dataDir, 'token'))).toContain('is registered');
  expect(await count()).toBe(before);
  await stopAgents();
  for (const file of readdirSync(join(dataDir, 'tls'))) rmSync(join(dataDir, 'tls', file));
  expect(await startAgent('--token-file', join(server.dataDir, 'token'))).toContain('is registered');
  await eventually(async () => expect(await count()).toBe(before + 2));
  expect(
    spawnSync(process.execPath, [entry, 'agent', '--server', url, '--token', 'x', '--data-dir', dataDir], { encoding: 'utf8' }).stderr,
  ).toContain('in use by process');
}, 60_000);

test('without a server it waits; joined before, it needs none to come back', async () => {
  await stopAgents();
  await server.stop();
  const token = ['--token-file', join(server.dataDir, 'token')];
  const again = startAgent(...token);
  const fresh = mkdtempSync(join(tmpdir(), 'coracle-agent-'));
  const anew = startAgent(...token, '--data-dir', fresh, '--node-name', 'third');
  await eventually(() => expect(outputs[1]).toContain(`--server ${url}: cannot be reached (ECONNREFUSED); trying until it answers`));
  await server.start();
  expect(await again).toContain('is registered');
  expect(await again).not.toContain('cannot be reached');
  expect(await anew).toContain('The node third is registered.');
  rmSync(fresh, { recursive: true });
}, 60_000);

/** The real etcd, kube-apiserver and kube-scheduler 1.36.3 on ports of their own, without controllers and kubelets: what happens is the scheduler's doing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

export interface RealCluster extends AsyncDisposable {
  send(method: string, path: string, body?: unknown, type?: string): Promise<Answer>;
}

const apiPort = 36443;
const etcdPort = 32379;
const token = 'admintoken';

/** `bin` holds the binaries. Throws when the API server does not become ready. */
export async function startReal(bin: string): Promise<RealCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'compare-scheduler-'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(dir, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`);
  writeFileSync(join(dir, 'kubeconfig'), kubeconfig);
  const processes: ChildProcess[] = [];
  const run = (name: string, ...flags: string[]): void => {
    const log = openSync(join(dir, `${name}.log`), 'a');
    processes.push(spawn(join(bin, name), flags, { stdio: ['ignore', log, log] }));
  };
  const client = `http://127.0.0.1:${String(etcdPort)}`;
  const peer = `http://127.0.0.1:${String(etcdPort + 1)}`;
  run(
    'etcd',
    ...['--data-dir', join(dir, 'etcd'), '--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`, '--unsafe-no-fsync'],
  );
  run(
    'kube-apiserver',
    ...['--etcd-servers', client, '--service-cluster-ip-range', '10.43.0.0/16', '--secure-port', String(apiPort)],
    ...['--bind-address', '127.0.0.1', '--advertise-address', '127.0.0.1', '--cert-dir', join(dir, 'certs')],
    ...['--service-account-issuer', 'https://kubernetes.default.svc', '--service-account-signing-key-file', join(dir, 'sa.key')],
    ...['--service-account-key-file', join(dir, 'sa.key'), '--token-auth-file', join(dir, 'tokens.csv')],
    ...['--authorization-mode', 'RBAC', '--disable-admission-plugins', 'ServiceAccount,TaintNodesByCondition'],
  );
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const send: RealCluster['send'] = (method, path, body, type = 'application/json') => exchange({ agent, method, path, body, type });
  const stop = async (): Promise<void> => {
    for (const child of processes.toReversed()) {
      child.kill();
      await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)));
    }
    agent.destroy();
    rmSync(dir, { recursive: true, force: true });
  };
  for (let tries = 0; ; tries += 1) {
    const answer = await send('GET', '/readyz').catch(() => undefined);
    if (answer?.code === 200) break;
    if (tries > 600) {
      await stop();
      throw new Error('the real API server did not become ready');
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  run('kube-scheduler', '--kubeconfig', join(dir, 'kubeconfig'), '--leader-elect=false', '--secure-port', String(apiPort + 1));
  return { send, [Symbol.asyncDispose]: stop };
}

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: real, cluster: {server: "https://127.0.0.1:${String(apiPort)}", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: ${token}}}]
contexts: [{name: real, context: {cluster: real, user: admin}}]
current-context: real
`;

interface Exchange {
  readonly agent: Agent;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly type: string;
}

function exchange({ agent, method, path, body, type }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const length = { 'content-type': type, 'content-length': Buffer.byteLength(text) };
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', ...(body === undefined ? {} : length) };
    const sent = request({ host: '127.0.0.1', port: apiPort, path, method, headers, agent }, (response) => {
      let got = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (got += chunk));
      response.on('end', () => {
        const isJson = response.headers['content-type']?.includes('json') === true;
        resolve({ code: response.statusCode ?? 0, body: isJson ? (JSON.parse(got) as unknown) : got });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

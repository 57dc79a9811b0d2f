/** A real kube-apiserver on an etcd of the test's own; found in $KUBE_APISERVER or where hack/peers puts it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { running, type Running } from '../../src/base/lifecycle.ts';
import { freePort } from '../support/coracle.ts';
import { Target } from '../compare/target.ts';

/** The binary, or undefined where there is none. */
export function apiserverBinary(): string | undefined {
  const places = [process.env['KUBE_APISERVER'] ?? '', join(homedir(), '.cache/peers/bin/kube-apiserver')];
  return places.find((place) => place !== '' && existsSync(place));
}

export interface RealApiServer extends Running {
  readonly target: Target;
}

/** Resolves when it answers /readyz with ok. */
export async function startRealApiServer(etcd: readonly string[], more: readonly string[] = []): Promise<RealApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'coracle-real-'));
  const file = (name: string): string => join(folder, name);
  const port = await freePort();
  spawnSync('openssl', ['genrsa', '-out', file('sa.key'), '2048']);
  await writeFile(file('tokens.csv'), 'admintoken,admin,admin,"system:masters"\n');
  await writeFile(file('kubeconfig'), kubeconfig(port));
  const flags = {
    'etcd-servers': etcd.join(','),
    'service-cluster-ip-range': '10.43.0.0/16,fd43::/112',
    'secure-port': String(port),
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'cert-dir': file('certs'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-signing-key-file': file('sa.key'),
    'service-account-key-file': file('sa.key'),
    'token-auth-file': file('tokens.csv'),
    'authorization-mode': 'RBAC',
    'allow-privileged': 'true',
  };
  const child = spawn(apiserverBinary() ?? '', [...Object.entries(flags).map(([name, value]) => `--${name}=${value}`), ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-20_000)));
  const target = new Target(file('kubeconfig'));
  const stop = async (): Promise<void> => {
    target.close();
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  for (;;) {
    if (child.exitCode !== null) throw new Error(`kube-apiserver ended:\n${log}`);
    if ((await target.send({ method: 'GET', path: '/readyz' }, (text) => text)).text === 'ok') break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { target, ...running(stop) };
}

function kubeconfig(port: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster: { server: `https://127.0.0.1:${String(port)}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token: 'admintoken' } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'admin' } }],
    'current-context': 'real',
  });
}

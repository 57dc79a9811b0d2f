/**
 * npm run compare: the same requests to Coracle and to the real kube-apiserver 1.36, answers compared whole.
 * The real one is ../shared/peers/control-plane.sh's (started when it is built and not up); without it, answers recorded
 * earlier count. Arguments go to test/compare/run.ts: parts of case names, --verbose, --record, --recorded. Without parts of names
 * the command lines of kubectl follow (test/compare/kubectl). --holes: every verb with every option and every field with right and wrong
 * values instead, worked out from the kinds (test/compare/holes); about 80,000 requests, all or those whose names have the parts given.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { installDependencies, node, root } from './prepare.mjs';

installDependencies();

const peers = process.env.PEERS ?? join(homedir(), '.cache', 'peers');
const script = join(root, '..', 'shared', 'peers', 'control-plane.sh');
const kubeconfig = join(peers, 'run', 'kubeconfig');
const args = process.argv.slice(2);
const recordedOnly = args.includes('--recorded');

function answers() {
  return new Promise((resolve) => {
    const asked = request('https://127.0.0.1:16443/readyz', { rejectUnauthorized: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

async function realServer() {
  if (recordedOnly || !existsSync(join(peers, 'bin', 'kube-apiserver'))) return undefined;
  if (existsSync(kubeconfig) && (await answers())) return kubeconfig;
  if (!existsSync(script)) return undefined;
  console.log('· starting the real control plane');
  const started = spawnSync('bash', [script, 'up'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return started.status === 0 ? kubeconfig : undefined;
}

const real = await realServer();
if (real === undefined) console.log(`· the real server is not to be had (${peers}): comparing with recorded answers`);
const result = spawnSync(
  node,
  [
    '--no-warnings',
    join(root, 'test/compare/run.ts'),
    ...(real === undefined ? [] : ['--real', real]),
    ...args.filter((arg) => arg !== '--recorded'),
  ],
  { stdio: 'inherit' },
);
if (args.includes('--holes') || args.some((arg) => !arg.startsWith('--'))) process.exit(result.status ?? 1);
const kubectl = join(peers, 'bin', 'kubectl');
if (!existsSync(kubectl)) {
  console.log(`· kubectl is not there (${kubectl}): its command lines are not compared`);
  process.exit(result.status ?? 1);
}
const commands = spawnSync(
  node,
  [
    '--no-warnings',
    join(root, 'test/compare/kubectl/run.ts'),
    ...(real === undefined ? [] : ['--real', real]),
    ...args.filter((arg) => arg !== '--recorded'),
  ],
  { stdio: 'inherit' },
);
process.exit(result.status || commands.status || 0);

/**
 * npm test: installs what the tests need (npm packages, an etcd under .cache; on Debian and Ubuntu Docker Engine, nftables and
 * friends through apt), starts dockerd if none answers, and runs everything: first what needs only Node, then what changes the machine.
 *   npm test                 all
 *   npm test -- unit         only what needs nothing but Node
 *   npm test -- root         only what needs root, Docker and nftables
 *   npm test -- e2e/guestbook   tests whose path holds the text
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';
import { testEtcd } from './test-etcd.mjs';

const wanted = process.argv.slice(2);
const [lane] = wanted;
const patterns = wanted.filter((word) => word !== 'unit' && word !== 'root');

installDependencies();
buildIfStale();
const etcd = await testEtcd();
if (etcd === undefined) process.exit(1);

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ETCD: etcd } });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 128));
  });
}

const jest = (config, ...args) =>
  run(node, [
    ...['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), '--config', config],
    ...args,
    ...(patterns.length === 0 ? [] : ['--passWithNoTests', ...patterns]),
  ]);

const results = [];
if (lane !== 'root') results.push(await jest('jest.config.mjs'));
if (lane !== 'unit') {
  if (process.getuid?.() !== 0) {
    console.error(
      'coracle: the tests with containers and packet filter need root: run npm test as root, or npm test -- unit for the others',
    );
    process.exit(1);
  }
  const ready = await run(node, [join(root, 'hack/test-machine.ts')]);
  if (ready !== 0) process.exit(ready);
  // A test that failed may have left something open; the next run must not wait for it.
  results.push(await jest('jest.e2e.config.mjs', '--runInBand', '--forceExit'));
}
process.exit(results.every((code) => code === 0) ? 0 : 1);

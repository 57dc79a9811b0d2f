/** npm run crash: kills the stores under load and looks for what was acknowledged. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installDependencies, node, root } from './prepare.mjs';

const names = process.argv.slice(2);
if (names.includes('--help')) {
  console.log(`npm run crash -- [embedded] [etcd] [members]
  200 rounds (CRASH_ROUNDS) of kill -9 under 16 writers and 8 watchers on each store, and etcd members that stop, freeze and come back
Example: CRASH_ROUNDS=20 npm run crash -- embedded`);
  process.exit(0);
}
installDependencies();
const result = spawnSync(
  node,
  [
    ...['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')],
    ...['--forceExit', '--runInBand', 'test/crash', ...(names.length === 0 ? [] : ['-t', names.join('|')])],
  ],
  { cwd: root, stdio: 'inherit', env: { CRASH_ROUNDS: '200', ...process.env } },
);
process.exit(result.status ?? 1);

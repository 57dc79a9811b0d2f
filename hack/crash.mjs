/**
 * npm run crash: 200 rounds of kill -9 under 16 writers and 8 watchers on each store, and etcd members that stop, freeze and come
 * back. CRASH_ROUNDS sets how many; arguments are names of tests (embedded, etcd, members).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installDependencies, node, root } from './prepare.mjs';

installDependencies();
const names = process.argv.slice(2);
const result = spawnSync(
  node,
  [
    ...['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')],
    ...['--forceExit', '--runInBand', 'test/crash', ...(names.length === 0 ? [] : ['-t', names.join('|')])],
  ],
  { cwd: root, stdio: 'inherit', env: { CRASH_ROUNDS: '200', ...process.env } },
);
process.exit(result.status ?? 1);

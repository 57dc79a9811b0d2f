/** npm run nodes, hack/nodes: several nodes on this machine (up, down, list, exec); without arguments it lists what it knows. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';

installDependencies();
// Taking a bed down runs what brought it up.
if (process.argv[2] === 'up') buildIfStale();
const result = spawnSync(node, ['--no-warnings', join(root, 'test/nodes/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);

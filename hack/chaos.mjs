/** npm run chaos: random kills of pods, nodes and the server; `npm run chaos -- --help` lists the options. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';

installDependencies();
buildIfStale();
const result = spawnSync(node, [join(root, 'test/chaos/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);

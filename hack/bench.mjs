/** npm run bench: the figures of this project on this machine. `npm run bench -- --help` lists them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';

installDependencies();
buildIfStale();
const result = spawnSync(node, [join(root, 'hack/bench/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);

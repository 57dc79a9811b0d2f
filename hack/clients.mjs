/** npm run clients: clients that nobody here wrote against a server of its own; conformance/clients/README.md tells which. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';

installDependencies();
buildIfStale();
const result = spawnSync(node, [join(root, 'conformance/clients/run.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);

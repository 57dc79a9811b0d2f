/** npm run fuzz: random and mutated requests against a server of its own; `npm run fuzz -- --requests 100000 --seed N [--survey]`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';

installDependencies();
buildIfStale();
const result = spawnSync(node, [join(root, 'test/fuzz/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);

/** npm start: from a bare checkout to a running cluster. Arguments go to `coracle server` (or reset with --reset first). */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';
import { environment, nodeFlags } from './runtime.mjs';

const args = process.argv.slice(2);
const reset = args[0] === '--reset';

installDependencies();
buildIfStale();

const command = reset ? ['reset', ...args.slice(1)] : ['server', ...args];
const child = spawn(node, [...nodeFlags, join(root, 'dist', 'coracle.mjs'), ...command], { stdio: 'inherit', env: environment });
// The terminal sends Ctrl-C to both; this process only waits. A kill of this process alone is passed on.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));

#!/usr/bin/env node
/** The `coracle` command of this checkout. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installDependencies, node, root } from './prepare.mjs';
import { environment, nodeFlags } from './runtime.mjs';

installDependencies();
buildIfStale();
const result = spawnSync(node, [...nodeFlags, join(root, 'dist', 'coracle.mjs'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: environment,
});
process.exit(result.status ?? 1);

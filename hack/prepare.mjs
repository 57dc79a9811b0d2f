/**
 * Brings a checkout to where it can run: dependencies installed (Node 24 among them, as the npm package `node`), bundle
 * built. Runs on any Node from 20 on, with nothing installed; does nothing when all is fresh.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const step = (text) => process.stdout.write(`· ${text}\n`);

function fail(text) {
  process.stderr.write(`coracle: ${text}\n`);
  process.exit(1);
}

/** Runs a program with its output shown only when it fails. */
function quietly(what, command, args, cwd = root) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  fail(`${what} failed (${result.error?.message ?? `exit status ${String(result.status)}`})`);
}

/** Dependencies as package-lock.json has them. */
export function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.coracle-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(node)) return;
  step('installing dependencies (npm install)');
  quietly('npm install', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  if (!existsSync(node) || spawnSync(node, ['--version']).status !== 0) {
    // npm may be set to run no install scripts; the package's own is the one that is needed.
    quietly('installing Node 24', process.execPath, ['installArchSpecificPackage'], join(root, 'node_modules', 'node'));
  }
  writeFileSync(stamp, lock);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** dist/ as the sources are now. */
export function buildIfStale() {
  const output = join(root, 'dist', 'coracle.mjs');
  const sources = ['src', 'openapi', 'hack/build.mjs', 'package-lock.json'].map((name) => newest(join(root, name)));
  if (existsSync(output) && statSync(output).mtimeMs > Math.max(...sources)) return;
  step('bundling');
  quietly('bundling', node, [join(root, 'hack', 'build.mjs')]);
}

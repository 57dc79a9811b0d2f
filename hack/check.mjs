/** npm run check: types, lint, import rules, unused code, form; what is independent runs side by side. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installDependencies, node, root } from './prepare.mjs';

installDependencies();

const bin = (name) => join(root, 'node_modules', name);
const checks = [
  ['types', [bin('typescript/bin/tsc'), '-p', '.']],
  ['lint', ['--max-old-space-size=4096', bin('eslint/bin/eslint.js'), '--max-warnings', '0', 'src', 'test', 'hack']],
  ['imports', [bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'src']],
  ['unused', [bin('knip/bin/knip.js')]],
  [
    'form',
    [
      bin('prettier/bin/prettier.cjs'),
      '--check',
      '--cache',
      '--cache-location',
      '.cache/prettier',
      '--log-level',
      'warn',
      'src',
      'test',
      'hack',
      '*.mjs',
      '*.json',
    ],
  ],
];

function check([name, args]) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(node, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (code) => {
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      if (code !== 0) console.log(output);
      resolve(code === 0);
    });
  });
}

const queue = [...checks];
const results = [];
async function lane() {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await check(next));
}
await Promise.all([lane(), lane()]);
process.exit(results.every(Boolean) ? 0 : 1);

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const fuzz = join(import.meta.dirname, '..', 'fuzz', 'main.ts');

test.each([
  [['--help'], 0, /^npm run fuzz -- .*\n(.*\n)*Example: npm run fuzz/, /^$/],
  [['--nonsense'], 2, /^$/, /^Unknown option '--nonsense' \(--help tells what there is\)\n$/],
  [['--requests', 'many'], 2, /^$/, /^--requests many: must be a whole number \(--help tells what there is\)\n$/],
])('%j', (args, status, stdout, stderr) => {
  const result = spawnSync(process.execPath, ['--no-warnings', fuzz, ...args], { encoding: 'utf8' });
  expect(result).toMatchObject({ status, stdout: expect.stringMatching(stdout), stderr: expect.stringMatching(stderr) });
});

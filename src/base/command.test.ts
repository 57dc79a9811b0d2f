import { expect, test } from '@jest/globals';
import { CommandError, ifInstalled, systemCommands } from './command.ts';

const { run } = systemCommands();

test('answers what the program says, with its input', async () => {
  expect(await run('cat', [], 'hello')).toBe('hello');
});

test('the prefix goes first', async () => {
  expect(await systemCommands(['env', 'CORACLE_TEST=yes']).run('sh', ['-c', 'echo $CORACLE_TEST'])).toBe('yes\n');
});

test('a bad end rejects with the code and the words, not with the input', async () => {
  const failed = run('sh', ['-c', 'echo sorry >&2; exit 3'], 'secret');
  await expect(failed).rejects.toMatchObject({ code: 3, stderr: 'sorry\n', missing: false, message: 'sh ended with 3: sorry' });
});

test('a missing program says so; ifInstalled takes it for nothing to do', async () => {
  await expect(run('coracle-no-such-program', [])).rejects.toMatchObject({
    missing: true,
    message: 'coracle-no-such-program is not installed',
  });
  expect(await ifInstalled(run('coracle-no-such-program', []))).toBe('');
  await expect(ifInstalled(run('false', []))).rejects.toBeInstanceOf(CommandError);
});

test('a program that ends before it has read its input rejects by its code', async () => {
  await expect(run('false', [], 'x'.repeat(1 << 20))).rejects.toMatchObject({ code: 1 });
});

import { afterAll, expect, test } from '@jest/globals';
import { CommandError, ifInstalled } from './command.ts';
import { startShells } from './shell.ts';

const shells = startShells();
const { run } = shells;
afterAll(() => shells.stop());

test('answers what the program says to the byte, with its input, whatever quotes stand in its words', async () => {
  expect(await run('cat', [], 'hello\n')).toBe('hello\n');
  expect(await run('cat', [])).toBe('');
  expect(await run('printf', ['%s|', `it's`, '$HOME `id`', ''])).toBe(`it's|$HOME \`id\`||`);
  expect(await run('cat', [], '$HOME `id` \\\n')).toBe('$HOME `id` \\\n');
});

test('a bad end rejects with the code and the words, not with the input', async () => {
  const failed = run('sh', ['-c', 'echo sorry >&2; exit 3'], 'secret');
  await expect(failed).rejects.toMatchObject({ code: 3, stderr: 'sorry\n', missing: false, message: 'sh ended with 3: sorry' });
});

test('a missing program says so; ifInstalled takes it for nothing to do', async () => {
  const missing = { missing: true, message: 'coracle-no-such-program is not installed' };
  await expect(run('coracle-no-such-program', [])).rejects.toMatchObject(missing);
  expect(await ifInstalled(run('coracle-no-such-program', []))).toBe('');
  await expect(ifInstalled(run('false', []))).rejects.toBeInstanceOf(CommandError);
});

test('one shell runs one program after the other', async () => {
  const [first, second] = [await run('sh', ['-c', 'echo $PPID']), await run('sh', ['-c', 'echo $PPID'])];
  expect(first).toBe(second);
});

test('many at a time, each with its own answer', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => run('sh', ['-c', `cat; echo ${at} >&2`], `${at}`)));
  expect(answers.map((text) => text.trim())).toEqual(Array.from({ length: 20 }, (_, at) => String(at)));
});

test('large inputs and outputs', async () => {
  for (const size of [100_000, 1 << 20]) expect((await run('cat', [], `${'x'.repeat(size)}\n`)).length).toBe(size + 1);
});

test('a shell that is killed fails its command; the next command has another one', async () => {
  await expect(run('sh', ['-c', 'kill -9 $PPID; sleep 0.1'])).rejects.toBeInstanceOf(CommandError);
  expect(await run('echo', ['on'])).toBe('on\n');
});

test('signals that end the other processes of a service do not end a shell at work', async () => {
  expect(await run('sh', ['-c', 'kill -TERM $PPID; kill -INT $PPID; echo through'])).toBe('through\n');
});

test('a program that hangs does not hold up those behind it', async () => {
  await using own = startShells({ longMs: 50 });
  const ended: string[] = [];
  const hung = Array.from({ length: 3 }, () => own.run('sleep', ['0.5']).then(() => ended.push('hung')));
  await own.run('echo', ['on']).then(() => ended.push('quick'));
  await Promise.all(hung);
  expect(ended).toEqual(['quick', 'hung', 'hung', 'hung']);
});

test('stopping waits for what runs; later commands run all the same', async () => {
  const own = startShells();
  let ended = false;
  const task = own.run('sh', ['-c', 'sleep 0.1']).then(() => (ended = true));
  await own.stop();
  expect(ended).toBe(true);
  await task;
  expect(await own.run('echo', ['late'])).toBe('late\n');
});

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { afterEach, expect, test } from '@jest/globals';
import type { Commands } from '../../base/command.ts';
import { silentLogger } from '../../base/logger.ts';
import type { NftSession } from './session.ts';
import { openNftSession } from './session.ts';

let session: NftSession;
afterEach(() => session.stop());

/** Plays `nft -i`: says an error for lines with "bad", and one for the marker, as nft does for what is no command. */
const interactive = `require('readline').createInterface({input:process.stdin}).on('line',(l)=>{
  if(l==='quit')process.exit();if(l.includes('die'))process.exit(1);
  if(/bad|coracle_done/.test(l))console.log('Error: syntax error, unexpected newline\\n'+l+'\\n    ^');});`;

function commands(script: string): Commands & { readonly scripts: string[]; readonly started: string[] } {
  const scripts: string[] = [];
  const started: string[] = [];
  return {
    scripts,
    started,
    spawn: (_command, args): ChildProcessWithoutNullStreams => {
      started.push(args.join(' '));
      return spawn(process.execPath, ['-e', script]);
    },
    run: (_command, _args, input = '') => {
      scripts.push(input);
      return input.includes('bad') ? Promise.reject(new Error('nft ended with 1')) : Promise.resolve('');
    },
  };
}

test('transactions run one after the other in one process; a refused one rejects alone', async () => {
  const fake = commands(interactive);
  session = openNftSession({ commands: fake, logger: silentLogger });
  const results = await Promise.allSettled([
    session.apply('add a\nadd b\n'),
    session.apply('bad thing\n'),
    session.apply('add c\n'),
    session.apply(''),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(fake.scripts).toEqual([]);
});

test('long scripts go to a process of their own', async () => {
  const fake = commands(interactive);
  session = openNftSession({ commands: fake, logger: silentLogger });
  const script = `add ${'x'.repeat(300_000)}\n`;
  await session.apply(script);
  expect(fake.scripts).toEqual([script]);
});

test('without interactive mode every change is a process', async () => {
  const fake = commands("console.log('interactive CLI not supported in this build');process.exit(1)");
  session = openNftSession({ commands: fake, logger: silentLogger });
  await session.apply('add a\n');
  await session.apply('add b\n');
  expect(fake.scripts).toEqual(['add a\n', 'add b\n']);
  await expect(session.apply('bad\n')).rejects.toThrow('nft ended');
});

test('a process that dies is started again; the change it took along is made by another', async () => {
  const fake = commands(interactive);
  session = openNftSession({ commands: fake, logger: silentLogger });
  await session.apply('add a\n');
  await session.apply('die\n');
  await session.apply('add b\n');
  expect(fake.scripts).toEqual(['die\n']);
});

test('nft keeps no history: no file in a home, and after some megabytes of lines a fresh process', async () => {
  const fake = commands(interactive);
  session = openNftSession({ commands: fake, logger: silentLogger });
  for (let at = 0; at < 25; at++) await session.apply(`add ${'x'.repeat(200_000)}\n`);
  expect(fake.scripts).toEqual([]);
  expect(fake.started).toEqual(['-c HOME=/dev/null exec nft -i 2>&1', '-c HOME=/dev/null exec nft -i 2>&1']);
});

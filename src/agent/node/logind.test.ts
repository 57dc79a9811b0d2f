import { expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../base/clock.ts';
import { type Commands, systemCommands } from '../../base/command.ts';
import { shutdownSignal, systemLogind } from './logind.ts';

test.each([
  // As busctl 252 writes it.
  [
    '{"type":"signal","endian":"l","path":"/org/freedesktop/login1","member":"PrepareForShutdown","payload":{"type":"b","data":[true]}}',
    true,
  ],
  ['{"type":"signal","member":"PrepareForShutdown","payload":{"type":"b","data":[false]}}', false],
  ['{"type":"signal","member":"SessionNew","payload":{"type":"so","data":["1","/"]}}', undefined],
  ['{"type":"signal","member":"PrepareForShutdown"}', undefined],
  ['Monitoring bus message stream.', undefined],
  ['null', undefined],
])('%s', (line, expected) => {
  expect(shutdownSignal(line)).toBe(expected);
});

function logind(parts: Partial<Commands>, dropIn = '/nonexistent/x') {
  return systemLogind({ commands: { ...systemCommands(), ...parts }, clock: new FakeClock(), dropIn });
}

test('a delay that is long enough is left as it is', async () => {
  const asked: string[] = [];
  await logind({ run: async (command) => (asked.push(command), 't 30000000\n') }).allowDelay(30_000);
  expect(asked).toEqual(['busctl']);
});

test('one that is too short is made longer until the machine starts again', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'logind-'));
  const dropIn = join(dir, 'logind.conf.d', '99-x.conf');
  const clock = new FakeClock();
  let reloaded = false;
  let answers = 0;
  const run: Commands['run'] = async (command) => {
    if (command === 'systemctl') reloaded = true;
    // It takes logind a moment.
    return reloaded && (answers += 1) > 2 ? 't 45000000' : 't 5000000';
  };
  const done = systemLogind({ commands: { ...systemCommands(), run }, clock, dropIn }).allowDelay(44_500);
  while (answers < 3) await new Promise((resolve) => setImmediate(resolve)).then(() => clock.advance(100));
  await done;
  expect(await readFile(dropIn, 'utf8')).toBe('[Login]\nInhibitDelayMaxSec=45\n');
  await rm(dir, { recursive: true });
});

test('the lock is held until it is given back', async () => {
  // In place of systemd-inhibit: what it would run.
  const spawned: (readonly string[])[] = [];
  const spawn: Commands['spawn'] = (command, args) => {
    spawned.push([command, ...args]);
    return systemCommands().spawn('sh', ['-c', 'echo held; exec cat >/dev/null']);
  };
  const lock = await logind({ spawn }).inhibit();
  expect(spawned[0]).toEqual(expect.arrayContaining(['systemd-inhibit', '--what=shutdown', '--mode=delay']));
  await lock.stop();
});

test('no lock: an error that says why', async () => {
  const spawn: Commands['spawn'] = () => systemCommands().spawn('sh', ['-c', 'echo Failed to inhibit: Access denied >&2; exit 1']);
  await expect(logind({ spawn }).inhibit()).rejects.toThrow('logind gives no lock: Failed to inhibit: Access denied');
});

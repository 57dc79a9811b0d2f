import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { NftWatch } from './nft-watch.ts';
import { watchNftables } from './nft-watch.ts';

/** Plays `nft monitor`: says what the test writes. */
class Monitor extends EventEmitter {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly stdin = new PassThrough();

  unref(): void {
    return;
  }

  kill(): void {
    this.emit('close', null);
  }
}

let monitors: Monitor[];
let foreign: number;
let clock: FakeClock;
let watch: NftWatch;

beforeEach(() => {
  monitors = [];
  foreign = 0;
  clock = new FakeClock();
  const spawnMonitor = (): ChildProcessWithoutNullStreams => {
    const monitor = new Monitor();
    monitors.push(monitor);
    return monitor as unknown as ChildProcessWithoutNullStreams;
  };
  watch = watchNftables({
    commands: { spawn: spawnMonitor },
    clock,
    logger: silentLogger,
    tables: ['coracle_abc123'],
    onForeignChange: () => foreign++,
  });
});
afterEach(() => watch.stop());

async function say(...lines: string[]): Promise<void> {
  monitors.at(-1)?.stdout.write(lines.map((line) => `${line}\n`).join(''));
  await new Promise((resolve) => setImmediate(resolve));
}
const change = 'add element ip coracle_abc123 services { 1.2.3.4 . tcp . 80 : goto any_1 }';
const end = '# new generation 7 by process 4711 (nft)';

test('a transaction that was announced is ours, the next one is somebody else’s', async () => {
  watch.announce();
  await say(change, change, end);
  expect(foreign).toBe(0);
  await say('delete table ip coracle_abc123', end);
  expect(foreign).toBe(1);
  expect(watch.lastChange).toBe(end);
});

test('other tables do not matter, nor do names that only begin alike', async () => {
  await say('delete table ip coracle_abc123_pods', 'add rule ip docker x drop', end);
  expect(foreign).toBe(0);
});

test('a refused transaction is not waited for, and no announcement for ever', async () => {
  watch.announce().refused();
  await say(change, end);
  expect(foreign).toBe(1);
  watch.announce().made();
  await clock.advance(10_001);
  await say(change, end);
  expect(foreign).toBe(2);
});

test('one that takes long is waited for, and its report for as long as ever after that', async () => {
  const { made } = watch.announce();
  await clock.advance(60_000);
  await say('# ERROR: We lost some netlink events!');
  expect(foreign).toBe(0);
  await clock.advance(60_000);
  made();
  await clock.advance(900);
  await say(change, end);
  expect(foreign).toBe(0);
});

test('lost events may have been anything, unless a transaction of ours is so large', async () => {
  watch.announce().made();
  await say('# ERROR: We lost some netlink events!');
  expect(foreign).toBe(0);
  await clock.advance(10_001);
  await say('# ERROR: We lost some netlink events!');
  expect(foreign).toBe(1);
});

test('after events were lost a transaction’s report is not waited for longer than a second', async () => {
  watch.announce().made();
  await say('# ERROR: We lost some netlink events!');
  await clock.advance(1001);
  await say('delete table ip coracle_abc123', end);
  expect(foreign).toBe(1);
});

test('a monitor that ends is started again, and what happened meanwhile is taken for a change', async () => {
  await say('add table ip other', end);
  monitors[0]?.kill();
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(500);
  expect([monitors.length, foreign]).toEqual([2, 1]);
});

test('one that never said anything is done without', async () => {
  monitors[0]?.kill();
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(60_000);
  expect([monitors.length, foreign]).toEqual([1, 0]);
});

import { PassThrough } from 'node:stream';
import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import { isLoss, watchHost } from './host-watch.ts';

const wanted = {
  words: () => new Set(['co0abc12', '10.42.0.1', 'fd42::1', '10.42.0.0/24', '10.42.1.0/24', 'co0abc12v5', '10.42.0.5', 'fd42::5']),
  table: 'coracle_0abc12_pods',
};

test.each([
  ['Deleted 10.42.1.0/24 via 192.168.0.2 dev eth0 metric 17480722 ', true],
  ['Deleted unreachable 10.42.0.0/24 ', true],
  ['Deleted 10.42.0.5 dev co0abc12v5 scope link src 10.42.0.1 ', true],
  ['Deleted 10.42.0.6 dev co0abc12v6 scope link ', false],
  ['Deleted 2: co0abc12    inet 10.42.0.1/32 scope global co0abc12\\ ', true],
  ['Deleted 9: co0abc12v5@if2: <BROADCAST,MULTICAST> mtu 1500 state DOWN', true],
  ['Deleted 9: co0abc12v6@if2: <BROADCAST,MULTICAST> mtu 1500 state DOWN', false],
  ['9: co0abc12v5@if2: <BROADCAST,MULTICAST> mtu 1500 state DOWN', true],
  ['9: co0abc12v5@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP', false],
  ['3: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP', true],
  ['7: vethab12@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP', false],
  ['fd42::5 dev co0abc12v5 metric 1024 pref medium', false],
  ['inet all forwarding off ', true],
  ['inet co0abc12 forwarding off ', false],
  ['inet6 all forwarding on ', false],
  ['delete rule ip coracle_0abc12_pods postrouting handle 9', true],
  ['delete rule ip coracle_ffffff_pods postrouting handle 9', false],
  ['delete rule ip filter DOCKER-USER handle 9', true],
])('%s: %s', (line, loss) => {
  expect(isLoss(line, wanted)).toBe(loss);
});

/** Stands for `ip monitor` and `nft monitor`; `say` writes to the first of them. */
class Monitors {
  readonly children: { stdout: PassThrough; end(): void }[] = [];
  readonly commands: Commands = {
    run: () => Promise.resolve(''),
    spawn: () => {
      const stdout = new PassThrough();
      const child = Object.assign(new EventEmitter(), { stdout, stdin: new PassThrough(), unref: () => undefined, kill: () => end() });
      const end = (): boolean => (stdout.end(), child.emit('close'));
      this.children.push({ stdout, end });
      return child as never;
    },
  };
  say(line: string): void {
    this.children[0]?.stdout.write(`${line}\n`);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('watching', () => {
  test('losses that come together are repaired once; a repair that fails is repeated', async () => {
    const clock = new FakeClock();
    const monitors = new Monitors();
    let repairs = 0;
    const repair = (): Promise<void> => (++repairs === 1 ? Promise.reject(new Error('not now')) : Promise.resolve());
    await using watch = watchHost({ commands: monitors.commands, clock, isLoss: (line) => line === 'loss', repair });
    for (const line of ['loss', 'other', 'loss']) monitors.say(line);
    await turn();
    await clock.advance(200);
    expect(repairs).toBe(1);
    await clock.advance(3000);
    expect(repairs).toBe(2);
    await clock.advance(100_000);
    expect(repairs).toBe(2);
    await watch.stop();
  });

  test('a monitor that ends is started again, and what it may have missed is repaired', async () => {
    const clock = new FakeClock();
    const monitors = new Monitors();
    let repairs = 0;
    await using watch = watchHost({
      commands: monitors.commands,
      clock,
      isLoss: () => false,
      repair: () => Promise.resolve(void repairs++),
    });
    monitors.children[1]?.end();
    await turn();
    await clock.advance(5000);
    expect([monitors.children.length, repairs]).toEqual([3, 1]);
    await watch.stop();
  });
});

import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { RuleSink } from '../rule-sink.ts';
import { openNftSink } from './nft-sink.ts';

let sink: RuleSink;
let scripts: string[];
/** Lets the next `nft -f` end. */
let finish: ((error?: Error) => void)[];

beforeEach(() => {
  scripts = [];
  finish = [];
  sink = openNftSink({
    commands: {
      // Neither the monitor nor the session says anything.
      spawn: () => spawn('cat'),
      run: (_command, _args, input = '') => {
        scripts.push(input);
        return new Promise((resolve, reject) => finish.push((error) => (error === undefined ? resolve('') : reject(error))));
      },
    },
    clock: new FakeClock(),
    logger: silentLogger,
    families: ['ip'],
    instance: 'abc123',
    clusterCIDRs: ['10.42.0.0/16'],
    serviceCIDRs: ['10.43.0.0/16'],
    onLost: () => undefined,
  });
});
afterEach(() => sink.stop());

test('what asks for a replacement while one runs gets another', async () => {
  const first = sink.apply();
  sink.setRanges({ serviceCIDRs: ['10.43.0.0/16', '10.99.0.0/16'] });
  finish[0]?.();
  expect(await first).toEqual({ full: true });
  const second = sink.apply();
  finish[1]?.();
  expect(await second).toEqual({ full: true });
  expect(scripts.map((script) => script.includes('10.99.0.0/16'))).toEqual([false, true]);
  expect(await sink.apply()).toEqual({ full: false });
});

test('a replacement that fails is made again', async () => {
  const first = sink.apply();
  finish[0]?.(new Error('no memory'));
  await expect(first).rejects.toThrow('no memory');
  const second = sink.apply();
  finish[1]?.();
  expect(await second).toEqual({ full: true });
});

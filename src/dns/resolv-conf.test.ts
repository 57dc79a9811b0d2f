import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { followResolvConf, parseUpstreams } from './resolv-conf.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coracle-resolv-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('name servers are read in order, once each, without ourselves and what is no address', () => {
  const text =
    'search home\nnameserver 192.0.2.1\n nameserver fe80::1%eth0\nnameserver 10.43.0.10\nnameserver 192.0.2.1\nnameserver dns.example\n#nameserver 1.1.1.1\n';
  expect(parseUpstreams(text, (host) => host.startsWith('10.43.'))).toEqual([
    { host: '192.0.2.1', port: 53 },
    { host: 'fe80::1%eth0', port: 53 },
  ]);
});

test('a file that comes, changes or goes is heard of a second later at most, and is not read in between', async () => {
  const clock = new FakeClock();
  const file = join(dir, 'resolv.conf');
  const upstreams = followResolvConf({ file, except: () => false, clock });
  const hosts = (): string[] => upstreams().map(({ host }) => host);
  expect(hosts()).toEqual([]);
  writeFileSync(file, 'nameserver 192.0.2.1\n');
  expect(hosts()).toEqual([]);
  await clock.advance(1000);
  expect(hosts()).toEqual(['192.0.2.1']);
  const before = upstreams();
  await clock.advance(1000);
  expect(upstreams()).toBe(before);
  writeFileSync(file, 'nameserver 192.0.2.22\n');
  await clock.advance(1000);
  expect(hosts()).toEqual(['192.0.2.22']);
  rmSync(file);
  await clock.advance(1000);
  expect(hosts()).toEqual([]);
});

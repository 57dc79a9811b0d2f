import { PassThrough } from 'node:stream';
import { EventEmitter } from 'node:events';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Informers } from '../../client/informer-factory.ts';
import { createInformers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { namespace, networkPolicy, pod } from './testing/objects.ts';
import type { NetworkPolicies } from './policies.ts';
import { startNetworkPolicies } from './policies.ts';

let clock: FakeClock;
let client: FakeClient;
let informers: Informers;
let policies: NetworkPolicies;
let scripts: string[];
let refuse: (script: string) => boolean;

/** No interactive nft: every change is a script. */
const commands: Commands = {
  run: (_command, _args, input = '') => {
    scripts.push(input);
    return refuse(input) ? Promise.reject(new Error('nft ended with 1')) : Promise.resolve('');
  },
  spawn: () => {
    const child = Object.assign(new EventEmitter(), {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      unref: () => undefined,
      kill: () => true,
    });
    setImmediate(() => child.emit('close', 1));
    return child as unknown as ChildProcessWithoutNullStreams;
  },
};

beforeEach(() => {
  clock = new FakeClock();
  client = createFakeClient({ clock });
  informers = createInformers({ client, clock, logger: silentLogger });
  scripts = [];
  refuse = () => false;
  client.seed(refs.namespaces, namespace('a'));
  client.seed(refs.pods, pod('a/web', { ips: ['10.0.0.1'] }));
});

afterEach(async () => {
  await policies.stop();
  await informers.stop();
});

async function start(): Promise<void> {
  policies = startNetworkPolicies({ informers, clock, logger: silentLogger, instance: 'aaaa05', nodeName: 'n1', commands });
  await policies.synced;
  // The fake's watches begin some turns after its lists.
  await turns(5);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function settle(): Promise<void> {
  await turns(3);
  await policies.settled();
}

test('while there is no policy, what an earlier process left goes and pods are not watched', async () => {
  await start();
  expect(scripts).toEqual(['add table inet coracle_aaaa05_policy\ndelete table inet coracle_aaaa05_policy\n']);
  client.seed(refs.pods, pod('a/more', { ips: ['10.0.0.2'] }));
  await policies.protect({ namespace: 'a', name: 'more' }, ['10.0.0.2']);
  expect(scripts).toHaveLength(1);
});

test('the first policy makes the whole table, the next change single elements', async () => {
  await start();
  client.seed(refs.networkPolicies, networkPolicy('a/deny', { podSelector: {} }));
  await settle();
  expect(scripts[1]).toContain('add element inet coracle_aaaa05_policy ingress4 { 10.0.0.1 : goto ');
  client.seed(refs.pods, pod('a/more', { ips: ['10.0.0.2'] }));
  await settle();
  expect(scripts[2]).not.toContain('add table');
  expect(scripts[2]).toContain('ingress4 { 10.0.0.2 : goto ');
  client.seed(refs.pods, pod('a/more', { ips: ['10.0.0.2'], phase: 'Running' }));
  await settle();
  expect(scripts.slice(3).filter((script) => script.includes('element'))).toEqual([]);
});

test('a refused change replaces the table; a refused table is tried again after a wait', async () => {
  client.seed(refs.networkPolicies, networkPolicy('a/deny', { podSelector: {} }));
  await start();
  refuse = () => true;
  client.seed(refs.pods, pod('a/more', { ips: ['10.0.0.2'] }));
  await turns(10);
  const tables = (): number => scripts.filter((script) => script.startsWith('add table')).length;
  expect(tables()).toBe(2);
  refuse = () => false;
  await clock.advance(250);
  await policies.settled();
  expect(tables()).toBe(3);
  expect(scripts.at(-1)).toContain('10.0.0.2');
});

test('a pod nobody has heard of does not wait for ever', async () => {
  client.seed(refs.networkPolicies, networkPolicy('a/deny', { podSelector: {} }));
  await start();
  const protection = policies.protect({ namespace: 'a', name: 'unknown' }, ['10.0.0.7']);
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(5000);
  await protection;
});
